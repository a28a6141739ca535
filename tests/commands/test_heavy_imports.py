"""`mygo --help` is instant: heavy packages are imported by those who need them, when they do."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# PyTorch's compiler takes as long to import as the rest of it.
HEAVY = ("torch", "torch._dynamo", "transformers", "timm", "h5py", "PIL", "sklearn", "numpy")
PROGRAM = """
import json, sys
from mygo_cli.app import main
try:
    main()
finally:
    heavy = [name for name in json.loads(sys.stdin.read()) if name in sys.modules]
    print("imported:", *heavy, file=sys.stderr)
"""


def imported_by(*words, cwd):
    """Run a command; return the heavy packages that it imported."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, words)],
        input=json.dumps(HEAVY),
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return set(ended.stderr.splitlines()[-1].removeprefix("imported:").split())


@pytest.mark.parametrize("words", ["--help", "--version", "train --help", "cache --help"])
def test_help_imports_nothing_heavy(words, tmp_path):
    assert imported_by(*words.split(), cwd=tmp_path) == set()


def test_rank_imports_no_tokenizer_and_no_compiler(trained, tmp_path):
    words = ("--runs-dir", trained, "--head", "kenya", "--relation", "grows", "--device", "cpu")
    assert imported_by("rank", *words, cwd=tmp_path) <= {"torch", "numpy"}
