"""`mygo plot`: the curves of runs in one picture, PNG or SVG."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mygo_cli import console
from mygo_cli.commands import completing
from mygo_cli.commands.options import RunsDirOption
from mygo_cli.commands.output import check_file
from mygo_cli.errors import DataError
from mygo_cli.folders import runs_dir

CURVES = Path("curves.png")


def plot(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Folders or names of runs, finished or not; default: the newest.",
            autocompletion=completing.runs,
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="File to write, .png or .svg.")
    ] = CURVES,
    runs_folder: RunsDirOption = None,
) -> None:
    """Draw loss and validation MRR over the epochs of one or several runs as PNG or SVG."""
    from mygo_cli.files import atomic_write
    from mygo_cli.graph.findings import counted
    from mygo_cli.pages.plot import draw_curves, format_of, matplotlib_here
    from mygo_cli.runs.finding import named_run, newest_run

    picture_format = format_of(output)
    check_file(output)
    matplotlib_here()
    folder = runs_dir(runs_folder)
    folders = [named_run(run, folder) for run in runs or ()] or [newest_run(folder)]
    histories: dict[str, list[dict[str, Any]]] = {}
    for each in folders:
        history = each.history()
        if not history:
            raise DataError(f"{each.path} has no record of its epochs ({each.metrics.name}).")
        named_so = each.path.name in histories and histories[each.path.name] != history
        histories[str(each.path) if named_so else each.path.name] = history
    with atomic_write(output) as file:
        draw_curves(histories, file, picture_format)
    console.result(f"{output}: loss and MRR of {counted(len(histories), 'run')}")
