"""A run from start to result, fresh or resumed: what `mygo train` does, for use from Python."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch

from mygo_cli.device import choose_device, seed_everything
from mygo_cli.distributed.group import Processes
from mygo_cli.distributed.join import fail_together, joined, own_device
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.runs.assemble import build_model
from mygo_cli.runs.card import model_card
from mygo_cli.runs.environment import environment
from mygo_cli.runs.folder import RunFolder, new_run
from mygo_cli.runs.result import measure
from mygo_cli.runs.selection import LABEL
from mygo_cli.settings.sections import Settings
from mygo_cli.settings.toml import to_toml
from mygo_cli.training.fit import TrainingRun, Watch, how_to_go_on, resume
from mygo_cli.training.prepare import prepared_graph, with_tokens

# Given a run, what shows its progress: a context that brings the function told of each event.
Progress = Callable[[TrainingRun], AbstractContextManager[Watch]]
Finished = tuple[RunFolder, dict[str, Any]]


def silent(fit: TrainingRun) -> AbstractContextManager[Watch]:
    """Show nothing."""
    return nullcontext(lambda event: None)


def train_run(
    settings: Settings,
    graph_folder: Path,
    caches: Path,
    runs: Path,
    progress: Progress = silent,
    empty: RunFolder | None = None,
) -> Finished:
    """Train from the start in a new run folder; return the folder and `result.json`.

    The folder is made in `runs`, unless there is an `empty` one. Processes that torchrun started
    share the work: each returns the same, the first one writes.
    """
    device = choose_device(own_device(settings.training.device))
    graph = prepared_graph(settings, graph_folder)
    settings, image, text = with_tokens(settings, graph, caches)
    seed_everything(settings.training.seed)
    model = build_model(settings, graph, image, text).to(device)
    with joined(device) as processes:
        folder = _new_folder(settings, graph, runs, empty, device, processes)
        with fail_together(processes, lambda: how_to_go_on(folder, processes)):
            fit = TrainingRun(folder, settings, graph, model, processes)
            return _finish(fit, graph, progress)


def resume_run(
    folder: RunFolder, settings: Settings, graph_folder: Path, progress: Progress = silent
) -> Finished:
    """Go on with a run where it stopped; return the folder and `result.json`.

    The number of processes may be another than before.
    """
    graph = prepared_graph(settings, graph_folder)
    device = choose_device(own_device(settings.training.device))
    with (
        joined(device) as processes,
        fail_together(processes, lambda: how_to_go_on(folder, processes)),
    ):
        return _finish(resume(folder, settings, graph, device, processes), graph, progress)


def _new_folder(
    settings: Settings,
    graph: KnowledgeGraph,
    runs: Path,
    empty: RunFolder | None,
    device: torch.device,
    processes: Processes,
) -> RunFolder:
    """Return the run folder that the first process makes or fills."""
    if not processes.first:
        return RunFolder(processes.gather_objects(None)[0])
    label = LABEL if settings.data.select == "test" else ""
    folder = empty or new_run(runs, graph.name, settings.decoder.name, label)
    folder.write(folder.config, to_toml(settings))
    folder.write_json(folder.environment, environment(device, processes.count))
    processes.gather_objects(folder.path)
    return folder


def _finish(fit: TrainingRun, graph: KnowledgeGraph, progress: Progress) -> Finished:
    """Train to the end, measure the selected model and write the run's last files."""
    with progress(fit) as watch:
        fit.run(watch)
    fit.processes.any(False)  # the first process has written the model that all now read
    result = measure(fit.folder, graph, fit.trainer.device, fit.processes)
    if fit.processes.first:
        fit.folder.write_json(fit.folder.result, result)
        fit.folder.write(fit.folder.card, model_card(fit.folder, graph, result))
    return fit.folder, result
