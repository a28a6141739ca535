"""RDF files: facts, names, descriptions, and what is left out."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import pytest

from mygo_cli.errors import DataError, MygoError
from mygo_cli.imports.dataset_folder import write_dataset
from mygo_cli.imports.rdf import as_dataset, read_rdf

TURTLE = """\
@prefix : <http://example.org/resource/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

:Peru a :Country ;
    rdfs:label "Peru"@en, "Perú"@es, "秘鲁"@zh ;
    rdfs:comment "A country in\\n South America."@en, "Un país."@es ;
    :motto "Firme y feliz por la unión"@es ;
    :population 33000000 ;
    :since "1821-07-28"^^xsd:date ;
    :code "PE" ;
    :borders :Chile, [ :name "somewhere" ] .
:Chile :borders :Peru .
:Nobody rdfs:label "a text alone" .
"""


@pytest.fixture(autouse=True)
def _rdflib():
    pytest.importorskip("rdflib")


@pytest.fixture
def turtle(tmp_path: Path) -> Path:
    path = tmp_path / "peru.ttl"
    path.write_text(TURTLE, encoding="utf-8")
    return path


def graph_of(path: Path, folder: Path, language: str = "en"):
    return write_dataset(folder, as_dataset(read_rdf([path]), language))


def test_from_turtle_to_graph(turtle, tmp_path):
    graph = graph_of(turtle, tmp_path / "graph")
    peru, chile = graph.find_entity("Peru"), graph.find_entity("Chile")
    assert sorted(graph.entities) == ["Chile", "Country", "Peru"]
    assert sorted(graph.relations) == ["borders", "type"]
    assert len(graph.train) == 3
    assert graph.descriptions()[peru] == (
        "A country in South America. Firme y feliz por la unión PE"
    )
    assert graph.descriptions()[chile] is None


@pytest.mark.parametrize(("language", "name"), [("es", "Perú"), ("zh", "秘鲁"), ("fr", "Peru")])
def test_the_language_of_names(turtle, tmp_path, language, name):
    graph = graph_of(turtle, tmp_path / "graph", language)
    assert graph.names[graph.entity_row["Peru"]] == name


def test_what_is_left_out_is_counted(turtle):
    assert read_rdf([turtle]).left_out == {"values that are no text": 2, "nodes without a name": 2}


@pytest.mark.parametrize(("kind", "ending"), [("nt", ".nt"), ("xml", ".rdf"), ("xml", ".owl")])
def test_all_formats_make_the_same_graph(turtle, tmp_path, kind, ending):
    import rdflib

    path = tmp_path / f"other{ending}"
    rdflib.Graph().parse(turtle).serialize(path, format=kind, encoding="utf-8")
    one, other = (graph_of(each, tmp_path / each.stem) for each in (turtle, path))
    assert one.triples_sha256 == other.triples_sha256
    assert (one.entities, one.names, one.descriptions()) == (
        (other.entities, other.names, other.descriptions())
    )
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + path.read_bytes()))
    assert graph_of(packed, tmp_path / "packed").triples_sha256 == one.triples_sha256


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.ttl", ":a :b :c .", r"a.ttl:1: not Turtle: "),
        ("a.ttl", "@prefix : <http://x/> .\n\n:a :b ", r"not Turtle: "),
        ("a.nt", "<http://a> <http://b> .\n", r"not N-Triples: "),
        ("a.rdf", "<rdf>\n<half", r"a.rdf:2: not RDF/XML: "),
        ("a.ttl", "", r"no statement joins two things with names"),
        ("a.nt", '<http://a> <http://b> "text" .\n', r"no statement joins two things with names"),
        ("a.json", "{}", r"a.json: no RDF that mygo reads. It must end in .nt, .ttl"),
    ],
)
def test_mistakes(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_rdf([tmp_path / name])
    assert "\n" not in str(caught.value)


def test_nothing_is_fetched_and_no_file_is_read_beside(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (tmp_path / "a.rdf").write_text(
        f'<!DOCTYPE r [<!ENTITY s SYSTEM "{secret.as_uri()}">]>\n'
        '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="http://x/">\n'
        '<r:Description r:about="http://x/a"><x:b r:resource="http://x/c"/>'
        "<x:label>&s;plain</x:label></r:Description></r:RDF>\n"
    )
    said = read_rdf([tmp_path / "a.rdf"]).texts
    assert "secret" not in str(said)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"none.ttl: no such file\."):
        read_rdf([tmp_path / "none.ttl"])


def test_without_the_extra_it_says_what_to_type(turtle, monkeypatch):
    monkeypatch.setitem(sys.modules, "rdflib", None)
    with pytest.raises(MygoError, match=r"pip install 'mygo-kg\[rdf\]'"):
        read_rdf([turtle])
