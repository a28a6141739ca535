"""Folders of KG-BERT: names, texts and relations of a graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from mygo_cli.errors import DataError
from mygo_cli.imports.dataset_folder import write_dataset
from mygo_cli.imports.kg_bert import read_kg_bert

FILES = {
    "train.tsv": "/m/1\t/people/born\t/m/2\n/m/3\t/places/in\t/m/2\n",
    "dev.tsv": "/m/3\t/people/born\t/m/1\n",
    "test.tsv": "/m/2\t/places/in\t/m/1\n",
    "entity2text.txt": "/m/2\tWien\n/m/1\tAda\n/m/9\tNobody\n",
    "entity2textlong.txt": "/m/1\tAda  was born.\n/m/2\t维也纳 is a city.\n",
    "relation2text.txt": "/people/born\tpeople born\n/places/in\tplaces in\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "kg-bert"
    path.mkdir()
    for name, text in FILES.items():
        (path / name).write_text(text, encoding="utf-8")
    return path


def test_from_folder_to_graph(folder, tmp_path):
    graph = write_dataset(tmp_path / "graph", read_kg_bert(folder))
    assert graph.entities == ("/m/2", "/m/1", "/m/3")
    assert graph.names == ("Wien", "Ada", "/m/3")
    assert graph.relations == ("people born", "places in")
    assert [len(graph.split(split)) for split in ("train", "valid", "test")] == [2, 1, 1]
    assert graph.descriptions() == ("维也纳 is a city.", "Ada was born.", None)


def test_windows_files_with_a_mark(folder, tmp_path):
    plain = write_dataset(tmp_path / "plain", read_kg_bert(folder))
    for name, text in FILES.items():
        (folder / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    windows = write_dataset(tmp_path / "windows", read_kg_bert(folder))
    assert windows.triples_sha256 == plain.triples_sha256
    assert (windows.names, windows.descriptions()) == (plain.names, plain.descriptions())


def test_without_long_texts_the_short_ones_are_both(folder, tmp_path):
    (folder / "entity2textlong.txt").unlink()
    graph = write_dataset(tmp_path / "graph", read_kg_bert(folder))
    assert graph.names[0] == "Wien"
    assert graph.descriptions()[0] == "Wien"


def test_texts_alone_are_optional(folder, tmp_path):
    for name in ("entity2text.txt", "entity2textlong.txt", "relation2text.txt", "dev.tsv"):
        (folder / name).unlink()
    graph = write_dataset(tmp_path / "graph", read_kg_bert(folder))
    assert graph.names == graph.entities == ("/m/1", "/m/2", "/m/3")
    assert graph.relations == ("/people/born", "/places/in")


def test_relations_that_share_a_text_stay_apart(folder):
    (folder / "relation2text.txt").write_text("/people/born\tin\n/places/in\tin\n")
    facts = read_kg_bert(folder).facts["train"]
    assert [fact[1] for fact in facts] == ["/people/born", "/places/in"]


def test_the_order_of_entities_txt(folder):
    (folder / "entities.txt").write_text("/m/3\n/m/1\n/m/2\n")
    assert read_kg_bert(folder).entities == ["/m/3", "/m/1", "/m/2"]


def test_an_entity_with_an_empty_text(folder):
    path = folder / "entity2text.txt"
    path.write_text(path.read_text().replace("/m/2\t", "/m/2\t\n#\t", 1))
    assert "/m/2" in read_kg_bert(folder).entities


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train.tsv", None, r"no train.tsv\. A folder of KG-BERT has"),
        ("train.tsv", b"", r"train.tsv: no triples\."),
        ("train.tsv", b"a\tb\n", r"train.tsv:1: 2 columns"),
        ("entity2text.txt", b"/m/1 Ada\n", r"entity2text.txt:1: not a name and a text"),
        ("entity2text.txt", b"\xff\xfe", r"entity2text.txt: not UTF-8 but UTF-16"),
    ],
)
def test_mistakes(folder, name, content, message):
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_kg_bert(folder)
