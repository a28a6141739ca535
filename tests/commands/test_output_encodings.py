"""Commands on a terminal or in a pipe that is not UTF-8: ASCII, or a code page of Windows."""

from __future__ import annotations

import csv
import io
import json
import shutil

import pytest

from mygo_cli import console

NAME = "北京"


@pytest.fixture
def renamed(world, tmp_path):
    """Return the folder of `world` with an entity that is called 北京."""
    folder = shutil.copytree(world, tmp_path / "renamed")
    lines = (folder / "entities.tsv").read_text()
    (folder / "entities.tsv").write_text(lines.replace("\tKenya\t", f"\t{NAME}\t"), "utf-8")
    return folder


@pytest.fixture(params=["ascii", "cp1252"])
def written(request, mygo, trained, renamed, monkeypatch):
    """Return a function that runs `mygo` on such a stdout and returns what came out."""

    def run(*words):
        out = io.BytesIO()
        with monkeypatch.context() as patch:
            stream = io.TextIOWrapper(out, request.param)
            patch.setattr("sys.stdout", stream)
            ended = mygo(*words, "-q", "--runs-dir", trained, "--data", renamed)
            console.stdout.cache_clear()
        assert (ended.code, ended.err) == (0, "")
        stream.flush()
        return out.getvalue()

    return run


def test_tables_show_letters_as_numbers(written):
    shown = written("rank", "--head", NAME, "--relation", "grows").decode("ascii")
    assert "\\u5317\\u4eac" in shown
    assert "rank" in shown


def test_data_is_utf_8(written):
    words = ("rank", "--relation", "grows", "--tail", "tea", "--top", 50)
    found = json.loads(written(*words, "--json"))
    assert NAME in {row["name"] for row in found}
    rows = csv.DictReader(io.StringIO(written(*words, "--csv").decode()))
    assert NAME in {row["name"] for row in rows}
    lines = written("complete", "--entity", NAME, "--top", 5, "--format", "tsv").decode()
    assert all(NAME in line for line in lines.splitlines()[1:])


def test_no_name_sends_controls_to_the_terminal(mygo, trained, world, tmp_path):
    folder = shutil.copytree(world, tmp_path / "attack")
    lines = (folder / "entities.tsv").read_text(encoding="utf-8")
    named = lines.replace("\tKenya\t", "\t\x1b]0;pwned\x07\x1b[2J\x9bKenya\t")
    (folder / "entities.tsv").write_text(named, encoding="utf-8")
    words = ("rank", "--runs-dir", trained, "--data", folder, "--top", 50, "--relation", "grows")
    table = mygo(*words, "--tail", "tea")
    assert table.code == 0
    assert "\\x1b]0;pwned" in table.out
    error = mygo(*words, "--head", "\x1b]0;pwned\x07\x1b[2J\x9bkeny")
    assert error.code == 2
    assert "\\x1b]0;pwned" in error.err
    assert not {"\x1b", "\x07", "\x9b"} & set(table.out + error.err)
