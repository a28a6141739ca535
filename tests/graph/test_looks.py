"""A name finds its entity if it only looks like it, and two that look the same are named."""

from __future__ import annotations

import unicodedata

import pytest

from mygo_cli.errors import DataError
from mygo_cli.graph.check import check_graph
from mygo_cli.graph.looks import Spellings, alike, look, spelled_out
from mygo_cli.graph.reading import read_graph

ZOE, ZOE_IN_PIECES = unicodedata.normalize("NFC", "Zoë"), unicodedata.normalize("NFD", "Zoë")


@pytest.mark.parametrize(
    "name", [ZOE, ZOE_IN_PIECES, f"\ufeff{ZOE}", f"{ZOE}\u200b", "Zo\u00ade\u0308 ", "\u200eZoë"]
)
def test_what_names_have_in_common(name):
    assert look(name) == ZOE


@pytest.mark.parametrize("name", ["a  b", "می\u200cخواهم", "👩\u200d🔬", "x²", "ﬁ", "A"])
def test_what_can_be_seen_is_kept(name):
    assert look(name) == name


def test_blanks_are_plain():
    assert look("New\u00a0York\u202f") == "New York"


def test_spelled_out():
    assert spelled_out(ZOE) == ZOE
    assert spelled_out(ZOE_IN_PIECES) == "Zoe\\u0308"
    assert spelled_out("\ufeffada") == "\\ufeffada"


def test_several_alike_are_found_as_written_only():
    names = {"a": 0, ZOE: 1, ZOE_IN_PIECES: 2}
    assert alike(names) == [[ZOE, ZOE_IN_PIECES]]
    spellings = Spellings(names)
    assert spellings.find(ZOE_IN_PIECES) == ZOE_IN_PIECES
    assert spellings.find(f"{ZOE}\u200b") is None
    assert spellings.find("\ufeffa") == "a"
    assert spellings.find("b") is None


def test_media_of_an_entity_in_other_pieces(make_folder):
    folder = make_folder(
        {
            "train.txt": f"{ZOE}\tr\tb\n",
            "descriptions.tsv": f"{ZOE_IN_PIECES}\tA person.\n",
            f"images/{ZOE_IN_PIECES}/1.png": b"x",
            f"images/{ZOE}/2.png": b"x",
        }
    )
    graph = read_graph(folder)
    assert graph.descriptions() == ("A person.", None)
    assert graph.pictures() == ((f"{ZOE_IN_PIECES}/1.png", f"{ZOE}/2.png"), ())
    assert graph.picture_list.unmatched == ()
    assert graph.description_file.unknown == {}


def test_a_folder_that_two_entities_look_like(make_folder):
    train = f"{ZOE}\tr\t{ZOE_IN_PIECES}\n"
    folder = make_folder({"train.txt": train, "images/Zoë\u200b/1.png": b"x"})
    assert read_graph(folder).picture_list.unmatched == ("Zoë\u200b",)


def test_triples_beside_a_list_of_entities(make_folder):
    files = {"entities.tsv": f"{ZOE}\nb\n", "train.txt": f"{ZOE_IN_PIECES}\tr\t\ufeffb\n"}
    graph = read_graph(make_folder(files))
    assert graph.entities == (ZOE, "b")
    assert graph.train.tolist() == [[0, 0, 1]]


def test_a_triple_that_looks_like_two_listed_entities(make_folder):
    files = {"entities.tsv": f"{ZOE}\n{ZOE_IN_PIECES}\n", "train.txt": "Zoë\u200b\tr\tb\n"}
    with pytest.raises(DataError, match=r"train.txt:1: the entity Zoë\u200b is not in"):
        read_graph(make_folder(files))


def test_typed_names(make_folder):
    graph = read_graph(make_folder({"train.txt": f"{ZOE}\tnaïve\tb\n"}))
    for typed in (ZOE_IN_PIECES, f"\u200b{ZOE}", ZOE_IN_PIECES.upper()):
        assert graph.find_entity(typed) == 0
    assert graph.find_relation(unicodedata.normalize("NFD", "Naïve")) == 0


def warnings(folder):
    return [found.text for found in check_graph(folder) if found.severity == "warning"]


def test_two_in_triples_are_named(make_folder):
    folder = make_folder({"train.txt": f"a\tr\t{ZOE}\na\tr\t{ZOE_IN_PIECES}\nb\t\ufeffr\ta\n"})
    again = f"mygo init graph-2 {folder}/train.txt --unify"
    assert warnings(folder) == [
        f"{folder}/train.txt:2: entities that look the same and are not: {ZOE} and Zoe\\u0308. "
        f"Write each in one way, unless they are meant to be several: {again}",
        f"{folder}/train.txt:3: relations that look the same and are not: r and \\ufeffr. "
        f"Write each in one way, unless they are meant to be several: {again}",
    ]


def test_two_in_a_list_alone_are_named(make_folder):
    folder = make_folder({"train.txt": "a\tr\tb\n", "entities.tsv": "a\nb\n\u200ba\n"})
    assert warnings(folder)[0].startswith(f"{folder}: entities that look the same")
