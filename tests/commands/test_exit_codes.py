"""Errors become one line and an exit code in one place, `mygo_cli.app.main`."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from mygo_cli import __version__
from mygo_cli.commands import doctor
from mygo_cli.errors import BackendError, DataError, Interrupted, MygoError, UsageError


@pytest.fixture
def failing(mygo, monkeypatch):
    """Return a function that runs a command which raises an error."""

    def run(error, *words):
        def fail():
            raise error

        monkeypatch.setattr(doctor, "examine", fail)
        return mygo(*words, "doctor")

    return run


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MygoError("It is broken.", "Mend it."), 1),
        (DataError("It is broken.", "Mend it."), 1),
        (BackendError("It is broken.", "Mend it."), 1),
        (UsageError("It is broken.", "Mend it."), 2),
        (Interrupted("It is broken.", "Mend it."), 130),
    ],
)
def test_errors_of_mygo(failing, error, code):
    ended = failing(error)
    assert (ended.code, ended.out, ended.err) == (code, "", "Error: It is broken. Mend it.\n")


def test_long_lines_stay_lines(failing):
    ended = failing(DataError("[/red] of " + "many words " * 60))
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("Error: [/red] of many")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file", "x.txt"), "x.txt: No such file."),
        (OSError("gone"), "A file: gone."),
        (MemoryError(), "Out of memory. Use a smaller --batch-size or --dim."),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you"), "Out of memory. Use"),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA"), "Out of memory. Use"),
    ],
)
def test_errors_of_the_machine(failing, error, message):
    ended = failing(error)
    assert ended.code == 1
    assert ended.err.startswith(f"Error: {message}")
    assert len(ended.err.splitlines()) == 1


def test_a_fault_of_ours(failing):
    ended = failing(ZeroDivisionError("division by zero\nand more"))
    assert ended.code == 1
    first, second = ended.err.splitlines()
    assert first == "Error: ZeroDivisionError: division by zero"
    assert second.startswith("This is a fault in mygo. Please report it")


@pytest.mark.parametrize("error", [UsageError("It is broken."), ZeroDivisionError("oh")])
def test_debug_shows_the_traceback(failing, error):
    ended = failing(error, "--debug")
    assert ended.code == (error.exit_code if isinstance(error, UsageError) else 1)
    assert ended.err.startswith("Traceback")
    assert f"Error: {error}" in ended.err


def test_ctrl_c(failing):
    assert failing(KeyboardInterrupt()).code == 130


def test_done(mygo):
    ended = mygo("--version")
    assert (ended.code, ended.out) == (0, f"mygo {__version__}\n")
    assert mygo("--help").code == 0
    assert mygo("train", "-h").code == 0


@pytest.mark.parametrize("words", [["trian"], ["train", "--nothing"], ["rank", "--top", "x"]])
def test_wrong_usage(mygo, words):
    ended = mygo(*words)
    assert ended.code == 2
    assert ended.out == ""
    assert "Error" in ended.err


@pytest.mark.parametrize("closed", [(1,), (0, 1), (0, 1, 2)])
@pytest.mark.parametrize("words", ["data info", "data info --json", "recipes world"])
def test_no_standard_output_at_all(words, closed):
    """As in a service, or after `>&-`: what would be said is said to nobody."""
    script = (
        f"import os, sys; [os.close(each) for each in {closed}]; "
        f"os.execv(sys.executable, [sys.executable, '-m', 'mygo_cli', *{words.split()}])"
    )
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.parametrize("words", ["data info", "data info --json"])
def test_a_reader_that_leaves_early(words):
    """The pipe is closed before anything is written into it."""
    command = subprocess.Popen(
        [sys.executable, "-m", "mygo_cli", *words.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    command.stdout.close()
    with command:
        assert command.stderr.read() == ""
    assert command.returncode == 1
