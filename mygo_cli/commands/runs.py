"""`mygo runs`: what lies in the folder of runs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mygo_cli import console
from mygo_cli.commands.options import RunsDirOption
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.folders import runs_dir

if TYPE_CHECKING:
    from mygo_cli.runs.listing import ListedRun
    from mygo_cli.runs.rows import Rows


def runs(runs_folder: RunsDirOption = None, out: Output = TERMINAL) -> None:
    """List the runs, newest first: graph, model, validation MRR, and how to go on."""
    from mygo_cli.runs.listing import list_runs

    folder = runs_dir(runs_folder)
    found = list_runs(folder)
    out.give_rows(found, show=partial(print_runs, found, folder))


def print_runs(found: Rows[ListedRun], folder: Path) -> None:
    """Print the table, and below it what to do about runs that are not finished."""
    if not found:
        console.result(f"{folder} holds no runs. Train one with mygo train.")
        return
    console.table(found.headers, found.cells())
    for each in found:
        if each.way_on is not None:
            console.result(f"{each.run}: unless it is still training, go on with: {each.way_on}")
        if each.problem is not None:
            console.result(f"{each.run}: {each.problem}")
