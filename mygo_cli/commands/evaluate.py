"""`mygo evaluate`: measure a trained model on a split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mygo_cli import console
from mygo_cli.commands.options import (
    BatchSizeOption,
    DeviceOption,
    RunDataOption,
    RunOption,
    RunsDirOption,
)
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.distributed.group import started_by_torchrun
from mygo_cli.distributed.join import fail_together, joined, own_device

if TYPE_CHECKING:
    from mygo_cli.ranking.ranks import Metrics
    from mygo_cli.ranking.report import Report

COLUMNS = ("ranks", "MRR", "mean rank", "Hits@1", "Hits@3", "Hits@10")


def evaluate(
    run: RunOption = None,
    split: Annotated[
        Literal["train", "valid", "test"], typer.Option(help="Which triples to rank.")
    ] = "test",
    ties: Annotated[
        Literal["realistic", "optimistic", "pessimistic", "official"],
        typer.Option(help="How equal scores are ranked (docs/evaluation.md)."),
    ] = "realistic",
    relations: Annotated[
        bool, typer.Option("--relations", help="Show a row for each relation, too.")
    ] = False,
    batch_size: BatchSizeOption = None,
    device: DeviceOption = "auto",
    data: RunDataOption = None,
    runs_folder: RunsDirOption = None,
    out: Output = TERMINAL,
) -> None:
    """Measure a run: filtered ranks of heads and tails, overall and in groups."""
    from mygo_cli.runs.opened import open_run
    from mygo_cli.runs.selection import WARNING, is_on_test

    if not started_by_torchrun().first:
        console.mute()
    opened = open_run(run, data, own_device(device), runs_folder)
    with (
        joined(opened.device) as processes,
        console.bars(transient=True) as progress,
        fail_together(processes, lambda: "Run it again."),
    ):
        report = opened.evaluate(split, ties, batch_size, progress, processes)

    def show() -> None:
        console.result(f"{opened.name}: {split} split, filtered, {ties} ties")
        print_report(report, relations)
        if is_on_test(opened.selected_by):
            console.result(WARNING)

    about = {"run": opened.name, "selected_by": opened.selected_by, "split": split, "ties": ties}
    measured = report.as_dict()
    out.give(show, {**about, **measured}, rows=[{**about, **row} for row in _rows(measured)])


def _rows(measured: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for both sides together, and one for each member of each group."""
    for group, members in measured.items():
        alone = {"both sides": members} if group == "overall" else members
        for name, numbers in alone.items():
            yield {"group": group, "of": name, **numbers}


def print_report(report: Report, relations: bool = False) -> None:
    """Print the overall metrics and the groups as tables."""
    console.table(("", *COLUMNS), [("both sides", *_cells(report.overall))])
    groups = [
        ("asked side", report.sides),
        ("relation class", report.classes),
        ("answer has", report.coverage),
    ]
    if relations:
        ordered = sorted(report.relations.items(), key=lambda item: -item[1].count)
        groups.append(("relation", dict(ordered)))
    for title, group in groups:
        rows = [(name, *_cells(values)) for name, values in group.items()]
        console.table((title, *COLUMNS), rows)


def _cells(values: Metrics) -> tuple[float, ...]:
    return (values.count, values.mrr, values.mean_rank, *values.hits.values())
