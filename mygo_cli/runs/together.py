"""Several runs that answer together: the mean of their scores."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from mygo_cli.errors import UsageError
from mygo_cli.files import file_sha256
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.leaks import hold_out_again
from mygo_cli.ranking.scorer import MeanScorer
from mygo_cli.runs.folder import RunFolder
from mygo_cli.runs.run import Run
from mygo_cli.runs.selection import ON_TEST, is_on_test

FOLDER = "together"  # in the first one's: what is measured of it with others


def together(runs: Sequence[Run], whole: KnowledgeGraph) -> Run:
    """Return runs of the graph `whole`, which holds nothing out, as one.

    Its validation split is what all of them held out, and settings are those of the first. Raises
    `UsageError` where a run is named twice, as its word would count twice.
    """
    folders = tuple(run.folder for run in runs)
    for place, folder in enumerate(folders):
        if any(folder.path.samefile(other.path) for other in folders[:place]):
            raise UsageError(f"{folder.path.name} is named twice.", "Name each run once.")
    first = runs[0]
    chosen = dict.fromkeys(run.selected_by for run in runs)
    content = {
        "epoch": [run.content["epoch"] for run in runs],
        "selected_by": ON_TEST if any(map(is_on_test, chosen)) else ", ".join(chosen),
    }
    scorer = MeanScorer(tuple(run.single() for run in runs))
    folder = RunFolder(folders[0].path / FOLDER / _name(folders))
    with suppress(OSError):  # where nothing can be kept, what is measured of them says so
        folder.path.mkdir(parents=True, exist_ok=True)
    return Run(folder, first.settings, _common_graph(runs, whole), scorer, content, folders)


def _name(folders: Sequence[RunFolder]) -> str:
    """Return a name that says which models these are, wherever they lie."""
    models = "+".join(file_sha256(folder.best) for folder in folders)
    return hashlib.sha256(models.encode()).hexdigest()[:12]


def _common_graph(runs: Sequence[Run], whole: KnowledgeGraph) -> KnowledgeGraph:
    """Return the graph as all runs know it: what any of them learned from is no validation."""
    if not any(run.settings.data.holdout for run in runs):
        return whole
    held = whole.train
    for run in runs:
        own = run.graph.valid if run.settings.data.holdout else run.graph.valid[:0]
        held = held[np.isin(whole.fact_keys(held), whole.fact_keys(own))]
    return hold_out_again(whole, held)
