"""A run from start to result, fresh or resumed: what `mygo train` does, for use from Python."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from mygo_cli import config
from mygo_cli.device import choose_device, seed_everything
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.training.assemble import build_model
from mygo_cli.training.card import model_card
from mygo_cli.training.environment import environment
from mygo_cli.training.fit import Fit, Watch, resume
from mygo_cli.training.prepare import prepared_graph, with_tokens
from mygo_cli.training.result import measure
from mygo_cli.training.run_folder import RunFolder, new_run
from mygo_cli.training.settings import Settings

# Given a run, what shows its progress: a context that brings the function told of each event.
Progress = Callable[[Fit], AbstractContextManager[Watch]]
Finished = tuple[RunFolder, dict[str, Any]]


def silent(fit: Fit) -> AbstractContextManager[Watch]:
    """Show nothing."""
    return nullcontext(lambda event: None)


def train_run(
    settings: Settings, graph_folder: Path, caches: Path, runs: Path, progress: Progress = silent
) -> Finished:
    """Train from the start in a new run folder; return the folder and `result.json`."""
    device = choose_device(settings.training.device)
    graph = prepared_graph(settings, graph_folder)
    settings, image, text = with_tokens(settings, graph, caches)
    seed_everything(settings.training.seed)
    model = build_model(settings, graph, image, text).to(device)
    folder = new_run(runs, graph.name, settings.decoder.name)
    folder.write(folder.config, config.to_toml(settings))
    folder.write_json(folder.environment, environment(device))
    return _finish(Fit(folder, settings, graph, model), graph, progress)


def resume_run(
    folder: RunFolder, settings: Settings, graph_folder: Path, progress: Progress = silent
) -> Finished:
    """Go on with a run where it stopped; return the folder and `result.json`."""
    graph = prepared_graph(settings, graph_folder)
    fit = resume(folder, settings, graph, choose_device(settings.training.device))
    return _finish(fit, graph, progress)


def _finish(fit: Fit, graph: KnowledgeGraph, progress: Progress) -> Finished:
    """Train to the end, measure the selected model and write the run's last files."""
    with progress(fit) as watch:
        fit.run(watch)
    result = measure(fit.folder, graph, fit.trainer.device)
    fit.folder.write_json(fit.folder.result, result)
    fit.folder.write(fit.folder.card, model_card(fit.folder, graph, result))
    return fit.folder, result
