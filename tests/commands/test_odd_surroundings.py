"""No home folder, no letters beyond ASCII, a full or a closed output; one code for one mistake."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mygo_cli.errors import BackendError
from mygo_cli.weights.download import weights_folder

COMMANDS = (
    "data info",
    "data check --no-media",
    "data info -f json",
    "recipes",
    "recipes world",
    "backends -f md",
    "rank --help",
    "--help",
)


def run(words, stdout=subprocess.PIPE, **variables):
    """Run the command line as a process of its own, with these variables and few others."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "mygo_cli", *words.split()],
        env={**kept, **variables},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )


@pytest.mark.parametrize("words", COMMANDS)
def test_no_home_and_ascii(words):
    ended = run(words, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
@pytest.mark.parametrize("words", COMMANDS)
def test_a_full_output_is_one_line(words):
    with Path("/dev/full").open("wb") as full:
        ended = run(words, stdout=full)
    assert ended.returncode == 1
    assert ended.stderr == b"Error: The output: No space left on device.\n"


def test_a_file_is_written_whoever_reads_on(mygo, world):
    """What is printed after it goes to a reader that has left."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        ended = run(f"data info --data {world} -o info.csv", stdout=closed)
    assert ended.stderr == b""
    assert Path("info.csv").read_text().startswith("relation,relation_class,train,valid,test\n")


def test_no_home_for_weights(monkeypatch):
    monkeypatch.delenv("MYGO_WEIGHTS", raising=False)
    monkeypatch.setattr("os.path.expanduser", os.fspath)  # as it is where no home is known
    with pytest.raises(BackendError, match="Name a folder in MYGO_WEIGHTS"):
        weights_folder()


@pytest.mark.parametrize(
    ("mistake", "commands", "code"),
    [
        ("No entity nobody", ["rank --head nobody --relation grows", "score nobody grows tea"], 2),
        (
            "No entity nobody",
            ["complete --entity nobody", "explain --head nobody --relation grows"],
            2,
        ),
        ("No relation no", ["rank --head kenya --relation no", "complete --relation no"], 2),
        ("no: no such run", ["evaluate --run no", "complete --run no", "export no"], 1),
        ("no: no such run", ["compare no", "report no", "explain --run no"], 1),
        ("no: no such folder", ["rank --data no --head a --tail b", "evaluate --data no"], 1),
        ("no.tsv: no such file", ["rank --file no.tsv", "score --file no.tsv"], 1),
        ("--device no: no such kind", ["evaluate --device no", "complete --device no"], 2),
        ("no/x.html cannot be written", ["report -o no/x.html", "explain --html no/x.html"], 1),
        ("no/x.tsv cannot be written", ["complete -o no/x.tsv", "export -o no/x.tsv"], 1),
        (". is a folder", ["report -o .", "export -o .", "complete -o .", "explain --html ."], 2),
    ],
)
def test_the_same_mistake_has_the_same_code(mygo, trained, mistake, commands, code):
    for words in commands:
        ended = mygo(*words.split(), "--runs-dir", trained, "-q")
        assert (ended.code, ended.out) == (code, ""), words
        assert mistake in ended.err
        assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    "words", ["train --decoder no", "train --recipe no", "recipes no", "experiment no"]
)
def test_names_that_there_are_not_have_one_code(mygo, words):
    assert mygo(*words.split()).code == 2
