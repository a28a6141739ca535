"""What `mygo experiment` prints: the plan before, the table after."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mygo_cli import console
from mygo_cli.commands.output import Output

if TYPE_CHECKING:
    from mygo_cli.experiments.outcome import Row
    from mygo_cli.experiments.plan import PlannedRun
    from mygo_cli.experiments.tables import Table

SHOWN = {
    ("valid", "mrr"): "valid MRR",
    ("test", "mrr"): "test MRR",
    ("test", "hits@1"): "Hits@1",
    ("test", "hits@10"): "Hits@10",
}


def give_table(table: Table, out: Output) -> None:
    """Save the tables, and print what fits on a terminal of them."""
    from mygo_cli.experiments.tables import plain

    table.save()
    rows = [plain(row, table.folder) for row in table.rows]
    out.give(partial(_show, table), {"folder": str(table.folder), "rows": rows}, rows)


def _show(table: Table) -> None:
    headers = ("variant", "runs", *SHOWN.values(), "seconds")
    console.table(headers, [_cells(row) for row in table.rows])
    if table.warning:
        console.result(table.warning)
    console.result(f"Tables: {table.folder}/table.md, table.csv, table.tex")


def _cells(row: Row) -> list[object]:
    spreads = [row.metrics.get(column) for column in SHOWN]
    seconds = None if row.seconds is None else round(row.seconds.mean)
    runs = str(row.wanted) if len(row.runs) == row.wanted else f"{len(row.runs)} of {row.wanted}"
    return [row.label, runs, *(spread and spread.text(3) for spread in spreads), seconds]


def give_plan(plan: Sequence[PlannedRun], folder: Path, out: Output) -> None:
    """Print every run with its state."""
    from mygo_cli.experiments.conduct import found_runs, state_of

    found = found_runs(folder / "runs")
    first = {run.identity: run.variant for run in reversed(plan)}
    rows = [
        {
            "variant": run.variant,
            "seed": run.seed,
            "state": state_of(found.get(run.identity))
            if run.variant == first[run.identity]
            else f"the run of {first[run.identity]}",
        }
        for run in plan
    ]

    def show() -> None:
        console.table(("variant", "seed", "state"), [tuple(row.values()) for row in rows])
        console.result(f"They belong into {folder}/runs.")

    out.give(show, {"folder": str(folder), "runs": rows}, rows)
