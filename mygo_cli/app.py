"""The Typer app, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import signal
import sys
import time
import traceback
from typing import Annotated

import typer

from mygo_cli import __version__, console
from mygo_cli.commands.subcommands import HELP, Subcommands
from mygo_cli.commands.switches import (
    DebugOption,
    QuietOption,
    ThreadsOption,
    VerboseOption,
    begin,
    given,
)
from mygo_cli.device import set_surroundings
from mygo_cli.distributed.group import started_by_torchrun
from mygo_cli.errors import Interrupted, MygoError, ReportedElsewhere, lacks_memory
from mygo_cli.progress import SIGNALS
from mygo_cli.streams import drop_output, open_streams

REPORTED_BY_THE_FIRST = 10.0  # seconds: on a busy machine processes start that far apart

app = typer.Typer(
    name="mygo",
    cls=Subcommands,
    help="Complete multi-modal knowledge graphs: tokenize, train, rank.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": HELP},
    epilog="Begin with: mygo quickstart",
)


def _version(asked: bool) -> None:
    if asked:
        console.result(f"mygo {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    more: VerboseOption = False,
    less: QuietOption = False,
    trace: DebugOption = False,
    cores: ThreadsOption = None,
) -> None:
    """Complete multi-modal knowledge graphs: tokenize, train, rank."""


def main() -> None:
    """Run the command line; every error ends in one line and its exit code.

    Wrong options (2), Ctrl-C (130) and a reader who left a pipe (1) are Typer's to end. SIGTERM is
    Ctrl-C by another name; only torchrun's processes leave it to what started them.
    """
    set_surroundings()  # before torch is imported, which is later
    open_streams()
    begin()
    if started_by_torchrun().alone:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        try:
            app(standalone_mode=True)
        finally:
            sys.stdout.flush()  # what does not fit is an error while there is still one to report
    except Exception as error:
        sys.exit(report(error))
    except SystemExit as ended:
        if ended.code == Interrupted.exit_code:
            report(Interrupted("Interrupted.", "The same command goes on, or begins again."))
        raise
    finally:
        _be_deaf()  # all is said, and Python is tidying up


def _be_deaf() -> None:
    """Heed no more Ctrl-C; torchrun's processes leave SIGTERM to what started them."""
    for number in SIGNALS if started_by_torchrun().alone else (signal.SIGINT,):
        signal.signal(number, signal.SIG_IGN)


def report(error: Exception) -> int:
    """Print why a command ends, with `--debug` the traceback too; return its exit code."""
    if given.debug:
        traceback.print_exception(error)
    code = error.exit_code if isinstance(error, MygoError) else 1
    if isinstance(error, Interrupted):
        _be_deaf()  # a second one would cut the line short
    if isinstance(error, OSError) and error.filename is None:
        drop_output()
    if isinstance(error, (ReportedElsewhere, BrokenPipeError)):
        return code
    if not started_by_torchrun().first:
        # What ends every process is reported once: torchrun stops the others when the first ends.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        time.sleep(REPORTED_BY_THE_FIRST)
        if isinstance(error, Interrupted):  # torchrun waits for all where it was stopped itself
            return code
    console.error(f"Error: {explained(error)}")
    return code


def explained(error: Exception) -> str:
    """Return what a user needs to know of an error."""
    if isinstance(error, MygoError):
        return str(error)
    if isinstance(error, OSError):
        # What is written into a file of ours names it (files.py): the rest goes to stdout.
        nameless = "The output" if error.errno == errno.ENOSPC else "A file"
        return f"{error.filename or nameless}: {error.strerror or error}."
    if lacks_memory(error):
        return "Out of memory. Use a smaller --batch-size or --dim."
    line = (str(error).splitlines() or [""])[0]
    return (
        f"{type(error).__name__}: {line}\n"
        "This is a fault in mygo. Please report it with mygo --debug ... and mygo doctor."
    )
