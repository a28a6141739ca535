"""The Typer app, and the one place where errors become exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mygo_cli import __version__, console
from mygo_cli.commands import backends, cache, data, doctor, evaluate, quickstart, rank
from mygo_cli.commands import tokenize, train
from mygo_cli.errors import MygoError

app = typer.Typer(
    name="mygo",
    help="Complete multi-modal knowledge graphs: tokenize, train, rank.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Begin with: mygo quickstart",
)
app.command()(quickstart.quickstart)
app.command()(tokenize.tokenize)
app.command()(train.train)
app.command()(evaluate.evaluate)
app.command()(rank.rank)
app.add_typer(data.app, name="data")
app.add_typer(cache.app, name="cache")
app.command()(backends.backends)
app.command()(doctor.doctor)


def _version(asked: bool) -> None:
    if asked:
        console.say(f"mygo {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error.")
    ] = False,
) -> None:
    """Complete multi-modal knowledge graphs: tokenize, train, rank."""


def main() -> None:
    """Run the command line; every error ends in one line and its exit code."""
    try:
        app(standalone_mode=True)
    except MygoError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("Interrupted.", 130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has left: no complaint at exit
        sys.exit(1)
    except MemoryError:
        _fail("Out of memory. Use a smaller --batch-size or --dim.", 1)
    except OSError as error:
        _fail(f"{error.filename or 'A file'}: {error.strerror or error}.", 1)
    except Exception as error:
        if _debugging():
            raise  # noqa: PLE0704
        console.note(f"Error: {type(error).__name__}: {error}")
        console.note("This is a fault in mygo. Please report it with mygo --debug ... and mygo doctor.")
        sys.exit(1)


def _fail(line: str, code: int) -> None:
    if _debugging():
        raise  # noqa: PLE0704
    console.note(f"Error: {line}")
    sys.exit(code)


def _debugging() -> bool:
    return "--debug" in sys.argv[1:]
