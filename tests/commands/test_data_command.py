"""`mygo data` prints what the core finds and ends with the right code."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def run(mygo):
    return lambda *arguments: mygo("data", *arguments)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.txt").write_text("a\tr\tb\nb\tr\tc\na\tr\tc\n")
    (tmp_path / "entities.tsv").write_text("a\t\tletter\nb\nc\n")
    (tmp_path / "descriptions.tsv").write_text("a\tThe first.\n")
    (tmp_path / "images" / "a").mkdir(parents=True)
    (tmp_path / "images" / "a" / "1.png").write_bytes(b"no picture")
    return tmp_path


def test_info_of_the_built_in_graph(run):
    result = run("info")
    assert result.code == 0
    for part in ("world", "656", "10,003", "country", "borders", "N-N"):
        assert part in result.out


def test_info_as_json(run, folder):
    summary = json.loads(run("info", "--data", folder, "--json").out)
    assert summary == {
        "name": folder.name,
        "folder": str(folder),
        "entities": 3,
        "relations": 1,
        "triples": {"train": 3, "valid": 0, "test": 0},
        "kinds": {"letter": 1},
        "pictures": 1,
        "coverage": {"image and text": 1, "image only": 0, "text only": 0, "neither": 2},
        "relation_table": [
            {"relation": "r", "relation_class": "N-N", "train": 3, "valid": 0, "test": 0}
        ],
    }


def test_check_of_the_built_in_graph(run):
    result = run("check", "--strict", "--no-media")
    assert result.code == 0
    assert "0 errors, 0 warnings, 1 note." in result.out


def test_strict_fails_on_a_warning(run, folder):
    result = run("check", "--data", folder)
    assert result.code == 0
    assert f"warning {folder}/images/a/1.png: not a picture that can be read" in result.out
    assert run("check", "--data", folder, "--strict").code == 1
    assert run("check", "--data", folder, "--strict", "--no-media").code == 0


def test_an_error_fails(run, folder):
    (folder / "test.txt").write_text("a\tr\tb\na\tr\n")
    result = run("check", "--data", folder)
    assert result.code == 1
    assert f"error   {folder}/test.txt:2: 2 columns" in result.out


def test_check_as_json(run, folder):
    (folder / "valid.txt").write_text("a\tr\tb\n")
    result = run("check", "--data", folder, "--json")
    report = json.loads(result.out)
    assert result.code == 1
    assert (report["folder"], report["errors"], report["warnings"]) == (str(folder), 1, 1)
    assert report["findings"][0]["severity"] == "error"
    assert report["findings"][0]["file"] == f"{folder}/valid.txt"


@pytest.mark.parametrize("command", ["info", "check"])
def test_no_graph(run, tmp_path, command):
    result = run(command, "--data", tmp_path / "nothing")
    assert result.code == 1
    assert "no such folder" in result.err
