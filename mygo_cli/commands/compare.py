"""`mygo compare`: several runs on the same triples, with intervals from a paired bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mygo_cli import console
from mygo_cli.commands import completing
from mygo_cli.commands.options import (
    BatchSizeOption,
    DeviceOption,
    RunDataOption,
    RunsDirOption,
)
from mygo_cli.commands.output import TERMINAL, Output

if TYPE_CHECKING:
    from mygo_cli.ranking.bootstrap import Compared, Values
    from mygo_cli.runs.measured import Measured

SplitName = Literal["train", "valid", "test"]


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="Folders or names of runs; the others are held against the first.",
            autocompletion=completing.runs,
        ),
    ],
    split: Annotated[SplitName, typer.Option(help="Which triples to rank.")] = "test",
    batch_size: BatchSizeOption = None,
    device: DeviceOption = "auto",
    data: RunDataOption = None,
    runs_folder: RunsDirOption = None,
    out: Output = TERMINAL,
) -> None:
    """Rank a split with several runs, and say how sure their MRR and its differences are."""
    from mygo_cli.ranking.bootstrap import RESAMPLES, compare_means
    from mygo_cli.runs.measured import measure_runs

    with console.bars(transient=True) as progress:
        places = data, device, runs_folder
        measured = list(measure_runs(runs, split, *places, batch_size, progress))
    compared = compare_means(_stacked(measured))
    triples = len(measured[0].values)

    def show() -> None:
        console.result(
            f"{split} split, filtered, realistic ties; 95 % intervals from {RESAMPLES:,} resamples "
            f"of its {triples:,} triples"
        )
        print_compared(measured, compared)

    lines = [_as_json(*pair) for pair in zip(measured, compared, strict=True)]
    head = {"split": split, "triples": triples, "resamples": RESAMPLES}
    out.give(show, {**head, "runs": lines}, rows=lines)


def _stacked(measured: Sequence[Measured]) -> Values:
    import numpy as np

    return np.stack([each.values for each in measured])


def print_compared(measured: Sequence[Measured], compared: Sequence[Compared]) -> None:
    """Print a table of the runs, and one of what sets them apart from the first."""
    from mygo_cli.runs.selection import WARNING, is_on_test

    names = _names(measured)
    pairs = list(zip(names, measured, compared, strict=True))
    console.table(
        ("run", "MRR", "from", "to", "Hits@1", "Hits@3", "Hits@10"),
        [
            (name, each.metrics.mrr, *means.interval, *each.metrics.hits.values())
            for name, each, means in pairs
        ],
    )
    if len(pairs) > 1:
        console.table(
            (f"against {names[0]}", "MRR", "from", "to", "better in"),
            [
                (
                    name,
                    f"{means.difference:+.4f}",
                    *(f"{end:+.4f}" for end in means.difference_interval),
                    f"{100 * means.better:.1f} %",
                )
                for name, _, means in pairs[1:]
            ],
        )
    if any(is_on_test(each.selected_by) for each in measured):
        console.result(WARNING)


def _names(measured: Sequence[Measured]) -> list[str]:
    """Return what the runs are called: their folders' names, whole paths where those are alike."""
    from mygo_cli.runs.selection import is_on_test

    short = [each.path.name for each in measured]
    names = short if len(set(short)) == len(short) else [str(each.path) for each in measured]
    return [
        f"{name} (selected on test)" if is_on_test(each.selected_by) else name
        for name, each in zip(names, measured, strict=True)
    ]


def _as_json(each: Measured, means: Compared) -> dict[str, Any]:
    """Return a run as plain values."""
    return {
        "run": str(each.path),
        "selected_by": each.selected_by,
        **each.metrics.row(),
        "mrr_interval": list(means.interval),
        "difference": means.difference,
        "difference_interval": list(means.difference_interval),
        "better": means.better,
    }
