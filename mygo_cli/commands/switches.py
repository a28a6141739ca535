"""The switches that every command knows: how much is said, tracebacks, and threads."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Annotated, Any

import typer
import typer.main

from mygo_cli import console
from mygo_cli.device import use_threads

PANEL = "Everywhere"


@dataclass
class Switches:
    """What was asked for, wherever on the command line it stood."""

    debug: bool = False


given = Switches()


def verbose(asked: bool) -> None:
    """Show what is logged for those who look for a cause."""
    if asked:
        console.show_logs(logging.DEBUG)


def quiet(asked: bool) -> None:
    """Show results, warnings and errors only."""
    if asked:
        console.show_logs(logging.WARNING)
        console.hide_bars()


def debug(asked: bool) -> None:
    """Show the traceback of an error."""
    given.debug = given.debug or asked


def threads(count: int | None) -> None:
    """Compute in so many threads."""
    if count is not None:
        use_threads(count)


def begin() -> None:
    """Set everything back to what holds where no switch is given."""
    given.debug = False
    console.show_logs(logging.INFO)
    console.hide_bars(False)


VerboseOption = Annotated[
    bool,
    typer.Option(
        "-v", "--verbose", callback=verbose, help="Say more of what is done.", rich_help_panel=PANEL
    ),
]
QuietOption = Annotated[
    bool,
    typer.Option(
        "-q",
        "--quiet",
        callback=quiet,
        help="Say nothing but results, warnings and errors.",
        rich_help_panel=PANEL,
    ),
]
DebugOption = Annotated[
    bool,
    typer.Option(
        "--debug", callback=debug, help="Show the traceback of an error.", rich_help_panel=PANEL
    ),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        callback=threads,
        help="Threads that compute on the processor. Default: a core each, as many as there are "
        "or the container's quota allows.",
        show_default=False,
        rich_help_panel=PANEL,
    ),
]


def add_switches(command: Any) -> Any:
    """Return a command, and all below it, with the switches."""
    if hasattr(command, "commands"):
        for below in command.commands.values():
            add_switches(below)
        return command
    for switch in typer.main.get_command(_only_switches()).params:
        if switch.name in ("more", "less", "trace", "cores"):
            switch.expose_value = False
            command.params.append(switch)
    return command


def _only_switches() -> typer.Typer:
    """Return a command that has the switches and nothing else: Typer makes options of functions."""
    app = typer.Typer(add_completion=False)

    @app.command()
    def nothing(
        more: VerboseOption = False,
        less: QuietOption = False,
        trace: DebugOption = False,
        cores: ThreadsOption = None,
    ) -> None: ...

    return app
