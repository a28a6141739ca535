"""Opening a run: its checkpoint as a model, and its graph as it was in training."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from mygo_cli.device import choose_device
from mygo_cli.errors import DataError
from mygo_cli.folders import runs_dir as folder_of_runs
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.leaks import cut_holdout, hold_out_again
from mygo_cli.graph.reading import as_graph
from mygo_cli.ranking.scorer import Scorer
from mygo_cli.runs.assemble import check_same_graph, rebuild_model
from mygo_cli.runs.bundle import home_of
from mygo_cli.runs.checkpoint import load_checkpoint
from mygo_cli.runs.checkpoint_entries import WAY_OUT
from mygo_cli.runs.finding import find_runs
from mygo_cli.runs.folder import RunFolder
from mygo_cli.runs.run import Run
from mygo_cli.runs.together import together
from mygo_cli.settings.sections import Settings

log = logging.getLogger(__name__)
NEEDED = ("model", "graph", "epoch", "validation_mrr", "entity_vectors", "relation_vectors")


def open_run(
    path: str | Path | None = None,
    data: KnowledgeGraph | str | Path | None = None,
    device: str = "auto",
    runs_dir: str | Path | None = None,
) -> Run:
    """Return a run, given its folder or its name in `runs_dir`, or the beginning of one.

    Several joined by +, as `first+second`, answer together: by the mean of their scores. None is
    the newest that is finished, of the graph `data` if that is given. `data` None is the graph that
    the run was trained on; what it held out is held out again. Raises `DataError` for no such run,
    one without a model or with a damaged one, and another graph; `UsageError` for a
    `device` that is not there. Which run it is goes to the log.
    """
    run = open_silently(path, data, device, runs_dir)
    runs = f"Runs {run.name} answer together" if run.members else f"Run {run.name} answers"
    unfinished = [each.path.name for each in run.folders if not each.finished]
    which = " and ".join(unfinished) if run.members else "It"
    note = f" {which} is not finished." if unfinished else ""
    log.info(f"{runs}, on the graph {run.graph.name}.{note}")
    return run


def open_silently(
    path: str | Path | None = None,
    data: KnowledgeGraph | str | Path | None = None,
    device: str = "auto",
    runs_dir: str | Path | None = None,
) -> Run:
    """Do as `open_run`, and do not log which run it is: for those who name it themselves."""
    graph = None if data is None else as_graph(data)
    folders = find_runs(None if path is None else Path(path), folder_of_runs(runs_dir), graph)
    chosen = choose_device(device)
    whole = graph or graph_of(folders[0])
    for folder in folders[1:] if graph is None else ():
        _check_same_home(folder, folders[0], whole)
    opened = [load_run(folder, whole, chosen) for folder in folders]
    runs = [replace(run, graph=_as_in_training(run)) for run in opened]
    return runs[0] if len(runs) == 1 else together(runs, whole)


def graph_of(folder: RunFolder) -> KnowledgeGraph:
    """Return the whole graph of a run; raise `DataError` where it is not to be found."""
    home = home_of(folder, folder.settings())
    if not home.exists():
        raise DataError(
            f"{folder.path} was trained on {home}, which is not there any more.",
            "Name the graph's folder with --data.",
        )
    return as_graph(home)


def _check_same_home(folder: RunFolder, first: RunFolder, whole: KnowledgeGraph) -> None:
    """Raise `DataError` where a run was trained on other triples than the first one's `whole`."""
    homes = [os.path.realpath(home_of(each, each.settings())) for each in (folder, first)]
    if homes[0] != homes[1] and graph_of(folder).triples_sha256 != whole.triples_sha256:
        raise DataError(
            f"{folder.path.name} was trained on other triples than {first.path.name}.",
            "Runs that answer together are of one graph.",
        )


def load_run(folder: RunFolder, graph: KnowledgeGraph, device: torch.device) -> Run:
    """Return the run in a folder with a graph as it is.

    Raises `DataError` where the model is damaged or was trained on other entities or relations.
    """
    settings = folder.settings()
    content = load_checkpoint(folder.best, NEEDED)
    model = rebuild_model(settings, content.pop("model"), folder.best).to(device).eval()
    check_same_graph(content["graph"], graph, folder.best)
    entities, relations = (content.pop(f"{name}_vectors") for name in ("entity", "relation"))
    width = settings.model.dim
    sizes = (len(graph.entities), width), (len(graph.relations), width)
    if (tuple(entities.shape), tuple(relations.shape)) != sizes:
        raise DataError(f"{folder.best} is damaged: its vectors have another shape.", WAY_OUT)
    return Run(
        folder, settings, graph, Scorer(model, entities.to(device), relations.to(device)), content
    )


def _as_in_training(run: Run) -> KnowledgeGraph:
    """Return a run's graph with what it held out held out again; raise `DataError` for nonsense."""
    if "held_out" not in run.content:  # none, or a run of before it was kept
        return with_holdout(run.graph, run.settings)
    held = run.content["held_out"].numpy()
    sizes = np.array([len(run.graph.entities), len(run.graph.relations), len(run.graph.entities)])
    if not ((held >= 0) & (held < sizes)).all():
        raise DataError(f"{run.folder.best} is damaged: what it held out is no fact.", WAY_OUT)
    return hold_out_again(run.graph, held)


def with_holdout(graph: KnowledgeGraph, settings: Settings) -> KnowledgeGraph:
    """Return the graph of a run: that of its folder, with the hold-out cut from train."""
    share = settings.data.holdout
    return cut_holdout(graph, share, settings.training.seed) if share else graph
