"""`mygo recipes`: the settings and experiments that come with mygo."""

from __future__ import annotations

from typing import Annotated

import typer

from mygo_cli import console
from mygo_cli.commands import completing
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.errors import UsageError
from mygo_cli.streams import data_output


def recipes(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Print this one, to be kept and changed.",
            autocompletion=completing.shipped("recipe", "experiment"),
            show_default=False,
        ),
    ] = None,
    out: Output = TERMINAL,
) -> None:
    """List the recipes of mygo train and the experiments of mygo experiment, or print one."""
    from mygo_cli.settings.recipes import find_shipped, shipped

    if name is not None and out != TERMINAL:
        raise UsageError("A recipe is TOML.", f"mygo recipes {name} > {name}.toml")
    if name is not None:
        data_output().write(find_shipped(name, "recipe", "experiment").path.read_text("utf-8"))
        return
    rows = [
        {"kind": each.kind, "name": each.name, "description": each.description}
        for each in shipped()
    ]

    def show() -> None:
        console.table(("kind", "name", "what it is"), [tuple(row.values()) for row in rows])
        console.result(
            "Next: mygo train --recipe NAME or mygo experiment NAME; mygo recipes NAME shows it"
        )

    out.give(show, rows)
