"""A dataset folder made of tables is whole or not there, and holds pictures without copies."""

from __future__ import annotations

from pathlib import Path

import pytest
from tables import FACTS, guess, table, write_pictures

from mygo_cli.errors import DataError
from mygo_cli.graph.check import check_graph
from mygo_cli.graph.reading import read_graph
from mygo_cli.imports import table_folder
from mygo_cli.imports.table_folder import Shares, link_or_copy, refuse_full_folder, write_graph
from mygo_cli.imports.table_graph import Gathered, gather
from mygo_cli.imports.table_pictures import find_pictures


def facts_of(count: int = 60) -> list[tuple[str, str, str]]:
    """Return facts of few entities, of which many can be spared."""
    return [(f"e{n % 7}", f"r{n % 2}", f"e{n * n % 11}") for n in range(count)]


@pytest.fixture
def found() -> Gathered:
    return gather(guess(table(["head", "relation", "tail"], FACTS)))


def test_a_full_stop_that_would_get_lost_is_refused(tmp_path):
    for head, tail in (("<a>", 'x".'), ("_:b", "y .")):
        facts = [*FACTS, (head, "says", tail)]
        found = gather(guess(table(["head", "relation", "tail"], facts)))
        with pytest.raises(DataError, match=r"^'.*\.' cannot be a name behind '.*its full stop"):
            write_graph(tmp_path / "g", found, {}, Shares())
        assert not list(tmp_path.iterdir())
    write_graph(
        tmp_path / "g", gather(guess(table(["head", "relation", "tail"], FACTS))), {}, Shares()
    )


def test_labels_come_back_byte_for_byte(tmp_path):
    labels = [
        '5" "x"',
        "Ü;|ü",
        "{a: 1}",
        "é",
        "e\u0301",
        "#1",
        "'",
        "head",
        "entity",
        "日本",
        "x\x85x",
    ]
    rows = [(label, "relation", "tail") for label in labels]
    found = gather(guess(table(["头", "关系", "尾"], rows)))
    found.texts["entity"] = ["text"]
    graph = write_graph(tmp_path / "g", found, {}, Shares())
    assert graph.entities == tuple(found.entities)
    assert graph.relations == ("relation",)
    assert len(graph.train) == len(labels)
    assert graph.descriptions()[graph.entities.index("entity")] == "text"


def test_descriptions_and_pictures(found, tmp_path):
    found.texts["c1"] = ["One.", "Two."]
    found.names["c1"] = "Chair"
    images = write_pictures(tmp_path / "in", "c1.png", "a/c1/c1.png", "c2.png")
    graph = write_graph(tmp_path / "g", found, find_pictures(found, images), Shares())
    assert graph.name == "g"
    assert graph.names[:2] == ("Chair", "t1")
    assert graph.descriptions()[0] == "One. Two."
    assert graph.pictures()[0] == ("c1/2-c1.png", "c1/c1.png")
    assert (images / "c2.png").samefile(graph.images / "c2" / "c2.png")
    findings = check_graph(tmp_path / "g")
    assert {finding.severity for finding in findings} == {"note"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g", "in"]


def test_links_where_they_can_be_made(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    source = write_pictures(tmp_path, "a.png") / "a.png"
    link_or_copy(source, tmp_path / "hard.png")
    assert (tmp_path / "hard.png").stat().st_nlink == 2
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    link_or_copy(source, tmp_path / "soft.png")
    assert (tmp_path / "soft.png").is_symlink()
    monkeypatch.setattr(Path, "symlink_to", refuse)
    link_or_copy(source, tmp_path / "copy.png")
    assert (tmp_path / "copy.png").stat().st_nlink == 1
    assert (tmp_path / "copy.png").read_bytes() == source.read_bytes()


def test_splits(tmp_path):
    found = gather(guess(table(["head", "relation", "tail"], facts_of())))
    graph = write_graph(tmp_path / "g", found, {}, Shares(0.1, 0.2, seed=3))
    total = len(found.facts)
    assert len(graph.valid) == round(0.1 * total)
    assert len(graph.test) == round(0.2 * total)
    everything = {
        (graph.entities[h], graph.relations[r], graph.entities[t])
        for split in (graph.train, graph.valid, graph.test)
        for h, r, t in split.tolist()
    }
    assert everything == set(found.facts)
    assert set(graph.train[:, [0, 2]].flatten()) == set(range(len(graph.entities)))
    again = write_graph(tmp_path / "h", found, {}, Shares(0.1, 0.2, seed=3))
    other = write_graph(tmp_path / "i", found, {}, Shares(0.1, 0.2, seed=4))
    assert again.valid.tolist() == graph.valid.tolist()
    assert other.valid.tolist() != graph.valid.tolist()


def test_a_graph_too_sparse_for_a_split(tmp_path):
    found = gather(guess(table(["head", "relation", "tail"], [("a", "r", "b"), ("c", "r", "d")])))
    with pytest.raises(
        DataError, match=r"Of 2 facts 0 can be held out, 1 were asked for: .*smaller"
    ):
        write_graph(tmp_path / "g", found, {}, Shares(valid=0.5))
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_filled(found, tmp_path):
    (tmp_path / "g").mkdir()
    write_graph(tmp_path / "g", found, {}, Shares())
    assert len(read_graph(tmp_path / "g").train) == len(FACTS)


def test_a_folder_that_holds_something_stays(found, tmp_path):
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match=r"g is not empty\. Name another folder"):
        write_graph(tmp_path / "g", found, {}, Shares())
    with pytest.raises(DataError, match=r"mine\.txt is a file\. The folder to write comes first"):
        refuse_full_folder(tmp_path / "g" / "mine.txt")
    assert [path.name for path in (tmp_path / "g").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_is_left_of_what_was_stopped(found, tmp_path, monkeypatch, error):
    def fail(*_: object) -> None:
        raise error

    images = write_pictures(tmp_path / "in", "c1.png")
    pictures = find_pictures(found, images)
    monkeypatch.setattr(table_folder, "link_or_copy", fail)
    with pytest.raises((DataError, KeyboardInterrupt)):
        write_graph(tmp_path / "g", found, pictures, Shares())
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert (images / "c1.png").exists()
