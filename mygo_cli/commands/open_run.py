"""A run and its graph, as the commands that use a trained model open them."""

from __future__ import annotations

from pathlib import Path

from mygo_cli.device import choose_device
from mygo_cli.folders import settings_folder
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.leaks import cut_holdout
from mygo_cli.graph.reading import read_graph
from mygo_cli.runs.folder import find_run
from mygo_cli.runs.opened import Trained, check_graph, load_trained


def open_run(
    run: Path | None, runs: Path, data: Path | None, device: str
) -> tuple[Trained, KnowledgeGraph]:
    """Return a run's model and its graph, with the same hold-out as in training.

    `run` None is the newest; `data` None is the folder that it was trained on. Raises `DataError`
    where the folder now holds another graph.
    """
    trained = load_trained(find_run(run, runs), choose_device(device))
    settings = trained.settings
    graph = read_graph(data or settings_folder(settings))
    check_graph(trained, graph)
    if settings.data.holdout:
        graph = cut_holdout(graph, settings.data.holdout, settings.training.seed)
    return trained, graph
