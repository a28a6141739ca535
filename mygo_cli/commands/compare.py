"""`mygo compare`: several runs on the same triples, with intervals from a paired bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mygo_cli import console
from mygo_cli.commands.options import (
    BatchSizeOption,
    DeviceOption,
    JsonOption,
    RunDataOption,
    RunsDirOption,
)
from mygo_cli.errors import DataError
from mygo_cli.folders import runs_dir

if TYPE_CHECKING:
    from mygo_cli.graph.knowledge_graph import KnowledgeGraph
    from mygo_cli.ranking.bootstrap import Compared, Values
    from mygo_cli.ranking.ranks import Metrics
    from mygo_cli.runs.opened import Trained

SplitName = Literal["train", "valid", "test"]


@dataclass(frozen=True)
class Measured:
    """A run on the split: its metrics, and the mean reciprocal rank of each triple (T,)."""

    path: Path
    selected_by: str
    metrics: Metrics
    values: Values


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Folders or names of runs; the others are held against the first."),
    ],
    split: Annotated[SplitName, typer.Option(help="Which triples to rank.")] = "test",
    batch_size: BatchSizeOption = None,
    device: DeviceOption = "auto",
    data: RunDataOption = None,
    runs_folder: RunsDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rank a split with several runs, and say how sure their MRR and its differences are."""
    from mygo_cli.ranking.bootstrap import RESAMPLES, compare_means

    measured = measure_runs(runs, runs_dir(runs_folder), data, split, batch_size, device)
    compared = compare_means(_stacked(measured))
    triples = len(measured[0].values)
    if as_json:
        lines = [_as_json(*pair) for pair in zip(measured, compared, strict=True)]
        head = {"split": split, "triples": triples, "resamples": RESAMPLES}
        console.print_json({**head, "runs": lines})
        return
    console.result(
        f"{split} split, filtered, realistic ties; 95 % intervals from {RESAMPLES:,} resamples of "
        f"its {triples:,} triples"
    )
    print_compared(measured, compared)


def measure_runs(
    runs: Sequence[Path],
    folder: Path,
    data: Path | None,
    split: SplitName,
    batch_size: int | None,
    device: str,
) -> list[Measured]:
    """Return every run on the split; raise `DataError` where they do not rank the same triples."""
    from mygo_cli.commands.open_run import open_run

    found: list[Measured] = []
    first: KnowledgeGraph | None = None
    with console.bar(transient=True) as bar:
        for number, run in enumerate(runs, 1):
            trained, graph = open_run(run, folder, data, device)
            first = first or graph
            _check_same(graph, first, split, trained.folder.path, runs[0])
            task = bar.add_task(f"rank {split}, run {number} of {len(runs)}", total=None)
            found.append(_measured(trained, graph, split, batch_size, bar, task))
    return found


def _measured(
    trained: Trained,
    graph: KnowledgeGraph,
    split: SplitName,
    batch_size: int | None,
    bar: Any,
    task: Any,
) -> Measured:
    from mygo_cli.ranking.bootstrap import per_triple
    from mygo_cli.ranking.ranks import metrics, ranks

    triples = graph.split(split)
    rivals = trained.rivals(graph, triples, batch_size, lambda done: bar.advance(task, done))
    all_ranks = ranks(rivals.better, rivals.ties)
    overall = metrics(all_ranks)
    if overall is None:
        raise DataError(f"{graph.folder} has no {split} triples.", "Name another --split.")
    values = per_triple(all_ranks.numpy(), rivals.triple.numpy(), len(triples))
    return Measured(trained.folder.path, trained.selected_by, overall, values)


def _check_same(
    graph: KnowledgeGraph, first: KnowledgeGraph, split: SplitName, run: Path, first_run: Path
) -> None:
    """Raise `DataError` unless both graphs ask the same questions and know the same facts."""
    import numpy as np

    if (graph.entities, graph.relations) != (first.entities, first.relations):
        raise DataError(
            f"{run} knows other entities or relations than {first_run}.",
            "Compare runs of one graph.",
        )
    if not np.array_equal(graph.split(split), first.split(split)):
        raise DataError(
            f"{run} has other {split} triples than {first_run}.",
            "Each --holdout and --seed cuts its own train and valid: compare on --split test."
            if graph.folder == first.folder
            else "Compare runs of one graph.",
        )
    known, first_known = (np.unique(each.fact_keys(each.all_triples())) for each in (graph, first))
    if not np.array_equal(known, first_known):
        raise DataError(
            f"{run} leaves out other known facts than {first_run}.", "Compare runs of one graph."
        )


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
