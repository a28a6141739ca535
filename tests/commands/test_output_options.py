"""-o and -f of every command that answers: one record or many, in a file, on stdout, in a pipe."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import typer.main

from mygo_cli.app import app

RANK = ("rank", "--head", "kenya", "--relation", "grows", "--top", "4")
ASKING = {
    "rank": RANK,
    "score": ("score", "Kenya", "grows", "tea"),
    "evaluate": ("evaluate",),
    "complete": ("complete", "--top", "5"),
    "runs": ("runs",),
    "explain": ("explain", "--head", "kenya", "--relation", "grows"),
}
LOOKING = {
    "data info": ("data", "info"),
    "data check": ("data", "check"),
    "tokens stats": ("tokens", "stats"),
    "tokens probe": ("tokens", "probe"),
    "cache info": ("cache", "info"),
    "cache verify": ("cache", "verify"),
    "recipes": ("recipes",),
    "backends": ("backends",),
}


@pytest.fixture
def answer(mygo, trained, world, caches):
    """Return a function that asks a command by its name, with options behind."""

    def run(name, *options):
        if name in ASKING:
            return mygo(*ASKING[name], "--runs-dir", trained, "-q", *options)
        places = ["--data", world] if name.split()[0] in ("data", "tokens") else []
        places += ["--cache-dir", caches] if name.split()[0] in ("cache", "tokens") else []
        return mygo(*LOOKING[name], *places, "-q", *options)

    return run


def rows_of(path: Path) -> list[dict[str, object]]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    between = "," if path.suffix == ".csv" else "\t"
    return list(csv.DictReader(io.StringIO(text), delimiter=between))


@pytest.mark.parametrize("name", [*ASKING, *LOOKING])
def test_every_format_of_every_command(answer, name):
    shown = answer(name)
    assert shown.code == 0
    assert answer(name, "-o", "-").out == shown.out
    for kind in ("tsv", "csv", "json", "jsonl", "md"):
        ended = answer(name, "-o", f"answer.{kind}")
        assert ended.code == 0
        assert ended.out.startswith(f"answer.{kind}: ")
        piped = answer(name, "-f", kind).out
        assert piped.splitlines() == Path(f"answer.{kind}").read_text("utf-8").splitlines()
    found = [rows_of(Path(f"answer.{kind}")) for kind in ("tsv", "csv", "jsonl")]
    assert len({len(rows) for rows in found}) == 1
    assert list(found[0][0] if found[0] else ()) == list(found[1][0] if found[1] else ())


@pytest.mark.parametrize("name", ["rank", "evaluate", "data info", "tokens stats"])
def test_parquet(answer, name):
    parquet = pytest.importorskip("pyarrow.parquet")
    assert answer(name, "-o", "answer.parquet").code == 0
    assert answer(name, "-o", "answer.jsonl").code == 0
    assert len(parquet.read_table("answer.parquet")) == len(rows_of(Path("answer.jsonl")))


def test_old_names_say_the_same(answer):
    for kind in ("json", "csv", "tsv"):
        assert answer("rank", f"--{kind}").out == answer("rank", "-f", kind).out


def test_markdown(answer):
    lines = answer("rank", "-f", "md").out.splitlines()
    assert lines[0] == "**(Kenya, grows, ?)**"
    assert lines[2] == "| rank | entity | name | probability | confidence | fact |"
    assert lines[3] == "|---|---|---|---|---|---|"
    assert lines[4].startswith("| 1 | ")


def test_groups_have_a_row_each(answer):
    answer("evaluate", "-o", "groups.csv")
    groups = {(row["group"], row["of"]) for row in rows_of(Path("groups.csv"))}
    assert {("overall", "both sides"), ("sides", "tail"), ("relations", "grows")} <= groups


def test_in_a_pipe_a_row_is_a_line(answer, monkeypatch):
    monkeypatch.delenv("COLUMNS")
    title, header, *lines = answer("rank").out.splitlines()
    assert title == "(Kenya, grows, ?)"
    assert header.split("  ")[1:] == ["rank", "entity", "name", "probability", "confidence", "fact"]
    assert [line.split("  ")[1] for line in lines] == ["1", "2", "3", "4"]


def test_a_narrow_terminal_does_not_break_a_file(answer, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    answer("complete", "-f", "table", "-o", "facts.txt")
    monkeypatch.setenv("COLUMNS", "200")
    answer("complete", "-f", "table", "-o", "wide.txt")
    assert Path("facts.txt").read_text() == Path("wide.txt").read_text()


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["-o", "x.xlsx"], 2, "x.xlsx does not say its format. End it in .tsv, .csv, .json,"),
        (["-o", "."], 2, "--output . is a folder. Name a file in it."),
        (
            ["-o", "no/x.csv"],
            1,
            "no/x.csv cannot be written: there is no folder no. Make it first.",
        ),
        (["-f", "csv", "--tsv"], 2, "--tsv and --format csv exclude each other."),
        (["--csv", "--tsv"], 2, "--csv and --tsv exclude each other."),
        (["-f", "parquet"], 2, "--format parquet needs a file. Name one with --output."),
    ],
)
@pytest.mark.parametrize("name", ["runs", "rank", "data info", "recipes"])
def test_mistakes_have_one_code_everywhere(answer, name, options, code, message):
    ended = answer(name, *options)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(f"Error: {message}")
    assert len(ended.err.splitlines()) == 1


def test_a_stopped_writer_leaves_the_old_file(answer, monkeypatch):
    Path("answer.json").write_text("old")
    monkeypatch.setattr("json.dumps", lambda *_, **__: 1 / 0)
    assert answer("runs", "-o", "answer.json").code == 1
    assert Path("answer.json").read_text() == "old"


def test_every_command_that_had_json_has_both():
    def walk(command):
        below = getattr(command, "commands", None)
        return (
            [command] if below is None else [each for sub in below.values() for each in walk(sub)]
        )

    for command in walk(typer.main.get_command(app)):
        flags = {flag for parameter in command.params for flag in parameter.opts}
        if "--json" in flags:
            assert {"-f", "--format", "-o", "--output"} <= flags, command.name
