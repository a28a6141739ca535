"""A run from start to result, fresh or resumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from mygo_cli.device import choose_device, seed_everything
from mygo_cli.distributed.group import Processes
from mygo_cli.distributed.join import fail_together, joined, own_device
from mygo_cli.errors import Interrupted
from mygo_cli.files import only_writer
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import as_graph
from mygo_cli.runs.assemble import build_model
from mygo_cli.runs.calibration import calibration_of
from mygo_cli.runs.card import model_card
from mygo_cli.runs.environment import environment
from mygo_cli.runs.folder import RunFolder, check_name, new_run
from mygo_cli.runs.measured import measure
from mygo_cli.runs.opened import load_run
from mygo_cli.runs.run import Run
from mygo_cli.runs.selection import LABEL
from mygo_cli.settings.sections import Settings
from mygo_cli.training.fit import TrainingRun, how_to_go_on, resume
from mygo_cli.training.loggers import Loggers
from mygo_cli.training.precision import with_precision
from mygo_cli.training.prepare import prepared_graph, with_tokens

# Iterates over the `events` of a run to their end, and may show them.
Follow = Callable[[TrainingRun], None]


class Finished(NamedTuple):
    """A run that is trained, and its `result.json`."""

    run: Run
    result: dict[str, Any]


def follow_silently(run: TrainingRun) -> None:
    """Train to the end and show nothing."""
    with closing(run.events()) as events:
        for _ in events:
            pass


def train_run(
    settings: Settings,
    graph: KnowledgeGraph | str | Path,
    caches: Path,
    runs: Path,
    follow: Follow = follow_silently,
    empty: RunFolder | None = None,
    name: str = "",
    log: Sequence[str] = (),
) -> Finished:
    """Train from the start in a new run folder; return the run and its `result.json`.

    `graph` is the whole one: the hold-out is cut here. The folder is made in `runs`, its name
    ending in `name`, unless there is an `empty` one. Processes that torchrun started share the
    work: each returns the same, the first one writes. Loggers are told by their names in `log`.
    Raises `UsageError` for a `name` that no folder can have, `BackendError` for an unknown logger.
    """
    check_name(name)
    loggers = Loggers(log)
    device = choose_device(own_device(settings.training.device))
    graph = prepared_graph(settings, as_graph(graph))
    settings, image, text = with_tokens(settings, graph, caches)
    seed_everything(settings.training.seed)
    model = build_model(settings, graph, image, text).to(device)
    with joined(device) as processes:
        chosen = with_precision(settings, device, processes)
        about = environment(device, processes.count, chosen.training.precision)
        folder = _new_folder(settings, graph, runs, empty, name, about, processes)
        with (
            fail_together(processes, lambda: how_to_go_on(folder, processes)),
            _says_how_to_go_on(folder, processes),
            _alone_at_work(folder, processes),
        ):
            fit = TrainingRun(folder, chosen, graph, model, processes)
            return _finish(fit, graph, follow, loggers)


def resume_run(
    folder: RunFolder,
    settings: Settings,
    graph: KnowledgeGraph | str | Path,
    follow: Follow = follow_silently,
    log: Sequence[str] = (),
) -> Finished:
    """Go on with a run where it stopped; return it and its `result.json`.

    The number of processes may be another than before, and so may the loggers in `log`. Raises
    `HeldElsewhere` where another job is training it.
    """
    loggers = Loggers(log)
    graph = prepared_graph(settings, as_graph(graph))
    device = choose_device(own_device(settings.training.device))
    with (
        joined(device) as processes,
        fail_together(processes, lambda: how_to_go_on(folder, processes)),
        _says_how_to_go_on(folder, processes),
        _alone_at_work(folder, processes),
    ):
        resumed = resume(folder, settings, graph, device, processes)
        return _finish(resumed, graph, follow, loggers)


@contextmanager
def _says_how_to_go_on(folder: RunFolder, processes: Processes) -> Iterator[None]:
    """Turn a Ctrl-C that waits for nothing, as a second one or in measuring, into the way on."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise Interrupted("Interrupted.", how_to_go_on(folder, processes)) from error


def _alone_at_work(folder: RunFolder, processes: Processes) -> AbstractContextManager[None]:
    """Hold a run's folder against other jobs; one process does so for all of its own."""
    return only_writer(folder.path) if processes.first else nullcontext()


def _new_folder(
    settings: Settings,
    graph: KnowledgeGraph,
    runs: Path,
    empty: RunFolder | None,
    name: str,
    about: dict[str, Any],
    processes: Processes,
) -> RunFolder:
    """Return the run folder that the first process makes or fills; `about` is its environment."""
    if not processes.first:
        return RunFolder(processes.gather_objects(None)[0])
    label = LABEL if settings.data.select == "test" else ""
    folder = empty or new_run(runs, graph.name, settings.decoder.name, label, name)
    folder.write_settings(settings)
    folder.write_json(folder.environment, about)
    processes.gather_objects(folder.path)
    return folder


def _finish(
    training: TrainingRun, graph: KnowledgeGraph, follow: Follow, loggers: Loggers
) -> Finished:
    """Train to the end, measure the selected model and write the run's last files."""
    if not training.processes.first:
        return _trained(training, graph, follow)
    training.loggers = loggers
    with loggers.opened(training.folder, training.settings, training.trainer.epoch):
        finished = _trained(training, graph, follow)
        loggers.keep_result(finished.result)
    return finished


def _trained(training: TrainingRun, graph: KnowledgeGraph, follow: Follow) -> Finished:
    folder, processes = training.folder, training.processes
    if processes.first and not training.done:
        folder.forget_result()  # of fewer epochs, where the settings ask for more now
    follow(training)
    processes.any(False)  # the first process has written the model that all now read
    run = load_run(folder, graph, training.trainer.device)
    result = measure(run, processes)
    if processes.first:
        folder.write_json(folder.result, result)
        folder.write(folder.card, model_card(folder, graph, result))
        calibration_of(folder, run.scorer, graph, result["epoch"])
    return Finished(run, result)
