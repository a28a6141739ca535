"""Graphs of OpenKE, LibKGE and PyKEEN come out as they were named there."""

from __future__ import annotations

import gzip
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mygo_cli.errors import DataError
from mygo_cli.imports.dataset_folder import write_dataset
from mygo_cli.imports.numbered_graphs import read_libkge, read_openke, read_pykeen

OPENKE = {
    "entity2id.txt": "3\nParis\t0\nFrance 1\n巴黎 圣母院\t2\n",
    "relation2id.txt": "2\ncapital of 0\nin\t1\n",
    "train2id.txt": "2\n0 1 0\n2 0 1\n",
    "test2id.txt": "1\r\n2\t1\t1\r\n",
}
LIBKGE = {
    "entity_ids.del": "0\t/m/a\n1\t/m/b c\n2\t/m/d\n",
    "relation_ids.del": "0\tr\n1\ts\n",
    "train.del": "0\t1\t2\n1\t0\t0\n0\t1\t2\n",
    "valid.del": "2\t0\t1\n",
}
Make = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(files: Mapping[str, str]) -> Path:
        for name, content in files.items():
            path = tmp_path / "source" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            data = content.encode("utf-8-sig" if name.startswith("entity") else "utf-8")
            path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return tmp_path / "source"

    return write


def test_openke(make: Make) -> None:
    found = read_openke(make(OPENKE))
    assert found.entities == ["Paris", "France", "巴黎 圣母院"]
    assert found.facts == {
        "train": [("Paris", "capital of", "France"), ("巴黎 圣母院", "in", "Paris")],
        "test": [("巴黎 圣母院", "in", "France")],
    }


def test_openke_without_counts_and_in_the_other_order(make: Make) -> None:
    files = {name: content.partition("\n")[2] for name, content in OPENKE.items()}
    files["train2id.txt"] = "0 0 1\n2 1 0\n"
    del files["test2id.txt"]
    assert read_openke(make(files), "hrt").facts == {
        "train": [("Paris", "capital of", "France"), ("巴黎 圣母院", "in", "Paris")]
    }


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("train2id.txt", "3\n0 1 0\n", r"train2id\.txt says 3 triples and lists 1\. It may be cut"),
        ("train2id.txt", "0 1 2\n", r"train2id\.txt:1: there is no relation 2: 2 .*--order hrt"),
        ("train2id.txt", "0 9 1\n", r"train2id\.txt:1: there is no entity 9: 3 have a name"),
        ("train2id.txt", "2\n0 1 0\na b c\n", r"train2id\.txt:3: not three numbers"),
        ("train2id.txt", "0\n", r"train2id\.txt holds no triples"),
        ("train2id.txt", "", r"train2id\.txt holds no triples"),
        ("train2id.txt", f"0 1 {'9' * 5000}\n", r"train2id\.txt:1: not three numbers"),
        ("train2id.txt", f"{'9' * 5000}\n0 1 0\n", r"train2id\.txt:1: not three numbers"),
        ("entity2id.txt", f"a {'9' * 5000}\n", r"entity2id\.txt:1: not a name and a number"),
        ("entity2id.txt", "a 1\nb 2\n", r"entity2id\.txt: no line has the number 0"),
        ("entity2id.txt", "4\na 0\nb 1\n", r"entity2id\.txt says 4 and lists 2\. It may be cut"),
        ("entity2id.txt", "a 0\nb 2\n", r"entity2id\.txt: no line has the number 1"),
        ("entity2id.txt", "a 0\nb 0\n", r"entity2id\.txt:2: the number 0 stands on two lines"),
        ("entity2id.txt", "a 0\nb\n", r"entity2id\.txt:2: not a name and a number"),
        ("entity2id.txt", "", r"entity2id\.txt is empty"),
    ],
)
def test_openke_mistakes(make: Make, file: str, content: str, message: str) -> None:
    folder = make(OPENKE | {file: content})
    with pytest.raises(DataError, match=message) as caught:
        read_openke(folder)
    assert "\n" not in str(caught.value)
    assert caught.value.way_out


SHARED = {
    "entity2id.txt": "4\nParis\t0\nLyon\t1\nParis\t2\nParis#2\t3\n",
    "relation2id.txt": "2\nin\t0\nin\t1\n",
    "train2id.txt": "2\n2 3 0\n1 0 1\n",
}


def test_numbers_that_share_a_name(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = read_openke(make(SHARED))
    assert found.entities == ["Paris#0", "Lyon", "Paris#2#", "Paris#2"]
    assert found.names == ["Paris", "Lyon", "Paris", "Paris#2"]
    assert found.facts == {"train": [("Paris#2#", "in#0", "Paris#2"), ("Lyon", "in#1", "Paris#0")]}
    graph = write_dataset(tmp_path / "out", found)
    assert graph.names[graph.entity_row["Paris#0"]] == "Paris"
    said = "share a name are told apart, such as Paris: Paris#0, Paris#2# (such names: 1)."
    assert said in caplog.text


def test_numbers_that_share_an_id_of_libkge(make: Make) -> None:
    ids = {"entity_ids.del": "0\ta\n1\tb\n2\ta\n", "entity_strings.del": "a\tAnna\n"}
    found = read_libkge(make(LIBKGE | ids))
    assert found.entities == ["a#0", "b", "a#2"]
    assert found.names == ["Anna", "b", "Anna"]


def test_a_missing_file(make: Make) -> None:
    folder = make(OPENKE)
    (folder / "train2id.txt").unlink()
    with pytest.raises(DataError, match=r"train2id\.txt: no such file"):
        read_openke(folder)
    (folder / "relation2id.txt").unlink()
    with pytest.raises(DataError, match=r"relation2id\.txt: no such file"):
        read_openke(folder)


def test_libkge(make: Make) -> None:
    found = read_libkge(make(LIBKGE))
    assert found.entities == found.names == ["/m/a", "/m/b c", "/m/d"]
    assert found.facts == {
        "train": [("/m/a", "s", "/m/d"), ("/m/b c", "r", "/m/a"), ("/m/a", "s", "/m/d")],
        "valid": [("/m/d", "r", "/m/b c")],
    }


@pytest.mark.parametrize("names", ["/m/a\tAnna\n/m/x\tnobody\n", "0\tAnna\n7\tnobody\n"])
def test_libkge_names(make: Make, names: str) -> None:
    found = read_libkge(make(LIBKGE | {"entity_strings.del": names}))
    assert found.names == ["Anna", "/m/b c", "/m/d"]


def test_what_pykeen_writes(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pykeen.datasets import Nations

        dataset = Nations()
        dataset.to_directory_binary(tmp_path / "nations")
        triples = {
            "train": dataset.training.triples,
            "valid": dataset.validation.triples,
            "test": dataset.testing.triples,
        }
    found = read_pykeen(tmp_path / "nations")
    assert found.entities == sorted(dataset.entity_to_id, key=dataset.entity_to_id.get)
    for split, rows in triples.items():
        assert sorted(found.facts[split]) == sorted(map(tuple, rows.tolist()))
    graph = write_dataset(tmp_path / "out", found)
    assert len(graph.train) == 1592


@pytest.mark.parametrize(("name", "shown"), [("b\tc", r"'b\\tc'"), ("b\0c", r"'b\\x00c'")])
def test_a_dataset_that_cannot_be_written(
    make: Make, tmp_path: Path, name: str, shown: str
) -> None:
    found = read_libkge(make(LIBKGE | {"entity_ids.del": f"0\t/m/a\n1\t{name}\n2\t/m/d\n"}))
    with pytest.raises(DataError, match=f"{shown} cannot be a name"):
        write_dataset(tmp_path / "out", found)
    assert not (tmp_path / "out").exists()


def test_names_that_look_like_a_header(make: Make, tmp_path: Path) -> None:
    files = {"entity_ids.del": "0\tSource\n1\tid\n2\tto\n", "relation_ids.del": "0\tr\n1\tp\n"}
    graph = write_dataset(tmp_path / "out", read_libkge(make(LIBKGE | files)))
    assert graph.entities == ("Source", "id", "to")
    assert len(graph.train) == 2
    assert len(graph.valid) == 1


@pytest.mark.parametrize("name", ["train.tsv", "entities.csv.gz", "test.txt", "valid.txt.gz"])
def test_a_folder_with_files_of_another_dataset(make: Make, tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_bytes(b"a\tr\tb\n")
    with pytest.raises(DataError, match=rf"{name} exists and is no part of this dataset\. Name"):
        write_dataset(tmp_path / "out", read_libkge(make(LIBKGE)))
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]
