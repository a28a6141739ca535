"""`mygo recipes`: the settings and experiments that come with mygo."""

from __future__ import annotations

from typing import Annotated

import typer

from mygo_cli import console
from mygo_cli.commands.options import JsonOption
from mygo_cli.streams import data_output


def recipes(
    name: Annotated[
        str | None,
        typer.Argument(help="Print this one, to be kept and changed.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the recipes for mygo train and the experiments for mygo experiment, or print one."""
    from mygo_cli.settings.recipes import find_shipped, shipped

    if name is not None:
        data_output().write(find_shipped(name, "recipe", "experiment").path.read_text("utf-8"))
        return
    rows = [(each.kind, each.name, each.description) for each in shipped()]
    if as_json:
        keys = ("kind", "name", "description")
        console.print_json([dict(zip(keys, row, strict=True)) for row in rows])
        return
    console.table(("kind", "name", "what it is"), rows)
    console.result(
        "Next: mygo train --recipe NAME or mygo experiment NAME; mygo recipes NAME shows it"
    )
