"""Runs measured: one for its `result.json`, several on the same triples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from mygo_cli.distributed.group import ALONE, Processes
from mygo_cli.errors import DataError
from mygo_cli.graph.files import Split
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.progress import Progress, silent
from mygo_cli.ranking.bootstrap import Names, Values, per_triple
from mygo_cli.ranking.ranks import Metrics, mean_reciprocal, metrics, ranks
from mygo_cli.runs.opened import open_silently
from mygo_cli.runs.run import Run

LEARNED = 500  # facts of train that tell how well it was learned
RESULT_SPLITS: tuple[Split, ...] = ("valid", "test")


def measure(run: Run, processes: Processes = ALONE) -> dict[str, Any]:
    """Return what `result.json` holds: the epoch, what chose it, how it learned, two reports.

    The reports are on validation and test: filtered ranking of both sides, realistic ties. A split
    without triples is left out.
    """
    reports = {
        split: run.evaluate(split, processes=processes)
        for split in RESULT_SPLITS
        if len(run.graph.split(split))
    }
    return {
        "epoch": run.content["epoch"],
        "validation_mrr": run.content["validation_mrr"],
        "selected_by": run.selected_by,
        "train_mrr": train_mrr(run),
        "splits": {split: report.as_dict() for split, report in reports.items()},
    }


def train_mrr(run: Run) -> float:
    """Return the filtered MRR on some of the facts that the run learned from.

    Far below 1 it has not learned them yet. They are drawn by the run's seed.
    """
    train, seed = run.graph.train, run.settings.training.seed
    some = train[np.random.default_rng(seed).permutation(len(train))[:LEARNED]]
    rivals = run.rivals(some)
    return mean_reciprocal(rivals.better, rivals.ties)


@dataclass(frozen=True)
class Measured:
    """A run on the split: its metrics, and the mean reciprocal rank of each triple (T,).

    `relations` (T,) are the names of the triples' relations. Several runs that were averaged have
    their means, and all their `paths`.
    """

    paths: tuple[Path, ...]
    selected_by: str
    metrics: Metrics
    values: Values
    relations: Names


def averaged(group: Sequence[Measured]) -> Measured:
    """Return what is left of several runs of one model, as of several seeds: their means."""
    first = group[0]
    if len(group) == 1:
        return first
    means = Metrics(
        count=first.metrics.count,
        mrr=fmean(each.metrics.mrr for each in group),
        mean_rank=fmean(each.metrics.mean_rank for each in group),
        hits={k: fmean(each.metrics.hits[k] for each in group) for k in first.metrics.hits},
    )
    return Measured(
        tuple(path for each in group for path in each.paths),
        ", ".join(dict.fromkeys(each.selected_by for each in group)),
        means,
        np.mean([each.values for each in group], axis=0),
        first.relations,
    )


def measure_runs(
    runs: Sequence[str | Path],
    split: Split = "test",
    data: str | Path | None = None,
    device: str = "auto",
    runs_dir: str | Path | None = None,
    batch_size: int | None = None,
    progress: Progress = silent,
) -> Iterator[Measured]:
    """Yield every run on the split, filtered, realistic ties; one model is in memory at a time.

    The other arguments are those of `open_run` and `Run.evaluate`. Raises `DataError` where they
    do not rank the same triples.
    """
    first: KnowledgeGraph | None = None
    for number, path in enumerate(runs, 1):
        run = open_silently(path, data, device, runs_dir)
        first = first or run.graph
        check_same_triples(run, first, split, runs[0])
        what = f"rank {split}, run {number} of {len(runs)}"
        yield _measured(run, split, batch_size, progress, what)


def _measured(
    run: Run, split: Split, batch_size: int | None, progress: Progress, what: str
) -> Measured:
    triples = run.triples_of(split)
    rivals = run.rivals(triples, batch_size, progress, what)
    all_ranks = ranks(rivals.better, rivals.ties)
    overall = metrics(all_ranks)
    assert overall is not None  # there are triples
    values = per_triple(all_ranks.numpy(), rivals.triple.numpy(), len(triples))
    relations = np.array(run.graph.relations, dtype=object)[triples[:, 1]]
    return Measured((_path(run),), run.selected_by, overall, values, relations)


def check_same_triples(
    run: Run, first: KnowledgeGraph, split: Split, first_run: str | Path
) -> None:
    """Raise `DataError` unless a run asks the same questions as the first and knows the same."""
    graph, path = run.graph, _path(run)
    if (graph.entities, graph.relations) != (first.entities, first.relations):
        same = _sorted_names(graph) == _sorted_names(first)
        what = "entities or relations in another order" if same else "other entities or relations"
        raise DataError(f"{path} knows {what} than {first_run}.", "Compare runs of one graph.")
    if not np.array_equal(graph.split(split), first.split(split)):
        raise DataError(
            f"{path} has other {split} triples than {first_run}.",
            "Each --holdout and --seed cuts its own train and valid: compare on --split test."
            if graph.folder == first.folder
            else "Compare runs of one graph.",
        )
    known, first_known = (np.unique(each.fact_keys(each.all_triples())) for each in (graph, first))
    if not np.array_equal(known, first_known):
        raise DataError(
            f"{path} leaves out other known facts than {first_run}.", "Compare runs of one graph."
        )


def _path(run: Run) -> Path:
    """Return a run's folder, of several that answer together their names."""
    return Path(run.name) if run.members else run.folder.path


def _sorted_names(graph: KnowledgeGraph) -> tuple[list[str], list[str]]:
    return sorted(graph.entities), sorted(graph.relations)
