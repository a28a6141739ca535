"""`mygo evaluate`: measure a trained model on a split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mygo_cli import console
from mygo_cli.commands.options import (
    BatchSizeOption,
    DeviceOption,
    JsonOption,
    RunDataOption,
    RunOption,
    RunsDirOption,
)
from mygo_cli.distributed.group import started_by_torchrun
from mygo_cli.distributed.join import fail_together, joined, own_device
from mygo_cli.errors import DataError
from mygo_cli.folders import runs_dir

if TYPE_CHECKING:
    from mygo_cli.ranking.ranks import Metrics
    from mygo_cli.ranking.report import Report
    from mygo_cli.runs.opened import Trained

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
    as_json: JsonOption = False,
) -> None:
    """Measure a run: filtered ranks of heads and tails, overall and in groups."""
    from mygo_cli.runs.selection import WARNING, is_on_test

    used, report = evaluate_run(run, runs_dir(runs_folder), data, split, ties, batch_size, device)
    name = used.folder.path.name
    if as_json:
        about = {"run": name, "selected_by": used.selected_by, "split": split, "ties": ties}
        console.print_json({**about, **report.as_dict()})
        return
    console.result(f"{name}: {split} split, filtered, {ties} ties")
    print_report(report, relations)
    if is_on_test(used.selected_by):
        console.result(WARNING)


def evaluate_run(
    run: Path | None,
    runs: Path,
    data: Path | None,
    split: Literal["train", "valid", "test"],
    ties: Any,
    batch_size: int | None,
    device: str,
) -> tuple[Trained, Report]:
    """Return the run's model and its report; raise `DataError` for a split without triples."""
    from mygo_cli.commands.open_run import open_run

    if not started_by_torchrun().first:
        console.mute()
    trained, graph = open_run(run, runs, data, own_device(device))
    triples = graph.split(split)
    if not len(triples):
        raise DataError(f"{graph.folder} has no {split} triples.", "Name another --split.")
    with joined(trained.device) as processes, console.bar(transient=True) as bar:
        task = bar.add_task(f"rank {split}", total=None)
        with fail_together(processes, lambda: "Run it again."):
            report = trained.report(
                graph, triples, ties, batch_size, lambda done: bar.advance(task, done), processes
            )
    assert report is not None  # there are triples
    return trained, report


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
