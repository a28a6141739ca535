"""`mygo runs`: what lies in the folder of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mygo_cli import console
from mygo_cli.commands.options import JsonOption, RunsDirOption
from mygo_cli.folders import runs_dir

if TYPE_CHECKING:
    from mygo_cli.runs.listing import ListedRun
    from mygo_cli.runs.rows import Rows


def runs(runs_folder: RunsDirOption = None, as_json: JsonOption = False) -> None:
    """List the runs, newest first: graph, model, validation MRR, and how to go on."""
    from mygo_cli.runs.listing import list_runs

    folder = runs_dir(runs_folder)
    found = list_runs(folder)
    if as_json:
        console.print_json(found.records())
    elif found:
        print_runs(found)
    else:
        console.result(f"{folder} holds no runs. Train one with mygo train.")


def print_runs(found: Rows[ListedRun]) -> None:
    """Print the table, and below it what to do about runs that are not finished."""
    console.table(found.headers, found.cells())
    for each in found:
        if each.way_on is not None:
            console.result(f"{each.run}: unless it is still training, go on with: {each.way_on}")
        if each.problem is not None:
            console.result(f"{each.run}: {each.problem}")
