"""The selected model of a run, measured: what `result.json` holds."""

from __future__ import annotations

from typing import Any

from mygo_cli.distributed.group import ALONE, Processes
from mygo_cli.graph.files import Split
from mygo_cli.runs.run import Run

MEASURED: tuple[Split, ...] = ("valid", "test")


def measure(run: Run, processes: Processes = ALONE) -> dict[str, Any]:
    """Return the selected epoch, what chose it, and reports on validation and test.

    Filtered ranking of both sides, realistic ties. A split without triples is left out.
    """
    reports = {
        split: run.evaluate(split, processes=processes)
        for split in MEASURED
        if len(run.graph.split(split))
    }
    return {
        "epoch": run.content["epoch"],
        "validation_mrr": run.content["validation_mrr"],
        "selected_by": run.selected_by,
        "splits": {split: report.as_dict() for split, report in reports.items()},
    }
