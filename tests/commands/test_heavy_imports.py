"""`mygo --help` is instant: heavy packages are imported by those who need them, when they do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mygo_cli.commands.subcommands import LISTED

# PyTorch's compiler takes as long to import as the rest of it.
HEAVY = {"torch", "torch._dynamo", "transformers", "timm", "h5py", "PIL", "sklearn", "numpy"}
PROGRAM = """
import sys
try:
    {}
finally:
    print("imported:", *sys.modules, file=sys.stderr)
"""
MYGO = "from mygo_cli.app import main; main()"


def imported_by(code, *words, cwd):
    """Run Python code with words behind it; return the modules that it imported."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(code), *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return set(ended.stderr.splitlines()[-1].removeprefix("imported:").split())


def commands_among(modules):
    """Return the commands whose files were imported."""
    files = {name: listed.target.partition(":")[0] for name, listed in LISTED.items()}
    return {name for name, file in files.items() if f"mygo_cli.commands.{file}" in modules}


@pytest.mark.parametrize(
    "words", ["--help", "--version", "train --help", "cache --help", "complete --help"]
)
def test_help_imports_nothing_heavy(words, tmp_path):
    assert imported_by(MYGO, *words.split(), cwd=tmp_path) & HEAVY == set()


def test_help_imports_little_but_what_draws_it(tmp_path):
    """Counted, not timed: the time goes with the number, and does not depend on the machine."""
    ours = imported_by(MYGO, "--help", cwd=tmp_path)
    assert len(ours) < 2.5 * len(imported_by("import typer", cwd=tmp_path))
    assert commands_among(ours) == set()
    assert len([name for name in ours if name.startswith("mygo_cli")]) <= 13


@pytest.mark.parametrize("command", ["train", "rank", "data"])
def test_a_command_imports_no_other(command, tmp_path):
    assert commands_among(imported_by(MYGO, command, "--help", cwd=tmp_path)) == {command}


def test_rank_imports_no_tokenizer_and_no_compiler(trained, tmp_path):
    words = ("--runs-dir", trained, "--head", "kenya", "--relation", "grows", "--device", "cpu")
    ours = imported_by(MYGO, "rank", *words, cwd=tmp_path)
    assert ours & HEAVY <= {"torch", "numpy"}
    assert len(ours) < 1.6 * len(imported_by("import torch", cwd=tmp_path))
