"""The search: trial after trial until the time is over, each chosen by validation alone."""

from __future__ import annotations

import dataclasses
import logging
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from mygo_cli.errors import DataError, Interrupted, UsageError
from mygo_cli.experiments.plan import data_sha256, identity
from mygo_cli.files import only_writer
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.leaks import validation_leak
from mygo_cli.progress import Progress, silent
from mygo_cli.runs.folder import RunFolder, make_run
from mygo_cli.runs.opened import with_holdout
from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.merging import Nested, merge
from mygo_cli.settings.sections import Settings
from mygo_cli.training.fit import EpochValidated, TrainingRun
from mygo_cli.training.prepare import with_caches
from mygo_cli.training.run import Follow, resume_run, train_run
from mygo_cli.tuning.space import changes_of, search_space
from mygo_cli.tuning.study import LOOKS, Study

log = logging.getLogger(__name__)

MOST_FAILURES = 3  # in a row
HOLDOUT = 0.1  # of train, where a graph has no validation file that can choose


class BudgetSpent(Exception):
    """The time is over; the trial in flight goes on when there is more."""


@dataclass(frozen=True)
class Search:
    """What is searched: `base` are the settings of every trial, `graph` has no test triples.

    With `cut` the hold-out is the search's own: a recipe then trains on all facts, to the last
    epoch, which is why that epoch's MRR counts. `ranks` is how many that MRR is the mean of.
    """

    base: Settings
    graph: KnowledgeGraph
    caches: Path
    study: Study
    cut: bool
    ranks: int

    def settings_of(self, params: Nested) -> Settings:
        """Return the settings of a trial."""
        nested = merge(dataclasses.asdict(self.base), changes_of(params))
        every = -(-int(nested["training"]["epochs"]) // LOOKS)
        return from_dict(Settings, merge(nested, {"training": {"evaluate_every": every}}), "tune")


def open_search(
    base: Settings, fixed: Nested, graph: KnowledgeGraph, caches: Path, folder: Path
) -> Search:
    """Return the search in `folder`, new or begun before, for settings better than `base`.

    What is `fixed` keeps its value. Raises `UsageError` for a choice of the epoch that a search
    must not make, `DataError` for a folder with another search.
    """
    if base.data.select == "test" or isinstance(base.data.select, int):
        raise UsageError(
            f"--select {base.data.select}: a search chooses by validation, and finds the epochs.",
            "Leave it out.",
        )
    graph = dataclasses.replace(graph, test=graph.test[:0])
    base = with_caches(base, graph, caches)
    cut = not base.data.holdout and (not len(graph.valid) or validation_leak(graph).serious)
    share = HOLDOUT if cut else base.data.holdout
    data = dataclasses.replace(base.data, holdout=share, select="best")
    base = dataclasses.replace(base, data=data)
    if cut:
        log.info(
            f"{graph.name} has no validation triples that can choose: {share:.0%} of train are "
            "held out of the search. The recipe trains on all."
        )
    space = search_space(base, fixed)
    if not space:
        raise UsageError("Nothing is left to search: all settings are given.", "Leave some out.")
    asked = {
        "settings": identity(base, ""),
        "graph or tokens": data_sha256(graph, base),
        "ranges": sorted(map(repr, space)),
    }
    study = Study(folder, space, asked, base.training.seed)
    return Search(base, graph, caches, study, cut, 2 * len(with_holdout(graph, base).valid))


def run_search(search: Search, budget: float, progress: Progress = silent) -> None:
    """Try settings until the search has taken `budget` seconds, those of earlier commands included.

    Raises `Interrupted` after Ctrl-C: the same goes on then. An error in the first trial is
    raised, as the others would have it too, and so is the third in a row; others are logged.
    """
    study = search.study
    with only_writer(study.folder):
        study.take_up()
        clock, failed = Clock(study, budget, progress), 0
        try:
            while not clock.over:
                failed = 0 if _try(search, study.begin(), clock, failed) else failed + 1
        except BudgetSpent:
            pass
        except (Interrupted, KeyboardInterrupt) as error:
            raise Interrupted(
                f"Interrupted; trials done: {len(study.done)}.", "The same command goes on."
            ) from error
        finally:
            clock.keep()


class Clock:
    """The time of a search, kept in its study so that a killed command has spent it too."""

    def __init__(self, study: Study, budget: float, progress: Progress) -> None:
        self.study, self.budget, self.progress = study, budget, progress
        self.since = time.monotonic()

    def keep(self) -> None:
        """Write down what was spent, and report it."""
        now = time.monotonic()
        self.study.spend(now - self.since)
        self.since = now
        self.report()

    def report(self) -> None:
        """Report how much is spent."""
        spent = min(self.budget, self._spent)
        self.progress("tune", round(spent), round(self.budget))

    @property
    def _spent(self) -> float:
        return self.study.seconds + time.monotonic() - self.since

    @property
    def over(self) -> bool:
        """Say whether the budget is spent."""
        return self._spent >= self.budget


def _try(search: Search, trial: optuna.Trial, clock: Clock, failed: int) -> bool:
    """Train a trial to its end, or until it falls behind or the time is over; say if it could.

    Its error is raised where no trial was done yet, and where the last ones `failed` too.
    """
    study = search.study
    looks: list[float] = []
    try:
        _train(search, trial, _judging(trial, looks, clock))
    except optuna.TrialPruned:
        study.end(trial, None, TrialState.PRUNED)
        log.info(f"trial {trial.number}: fell behind with valid MRR {looks[-1]:.4f}, stopped")
        return True
    except (BudgetSpent, Interrupted, KeyboardInterrupt):
        study.postpone(trial.number, trial.params)
        raise
    except Exception as error:
        study.end(trial, None, TrialState.FAIL)
        if not study.done or failed + 1 >= MOST_FAILURES:
            raise
        log.warning(f"trial {trial.number}: {(str(error).splitlines() or [''])[0]}")
        return False
    value = looks[-1] if search.cut else max(looks)
    study.end(trial, value, TrialState.COMPLETE)
    best = study.done[0]
    shown = "the best so far" if best.number == trial.number else f"best {best.value:.4f}"
    log.info(f"trial {trial.number}: valid MRR {value:.4f}, {shown}")
    return True


def _judging(trial: optuna.Trial, looks: list[float], clock: Clock) -> Follow:
    """Return what trains a run and reports its looks, until the study or the clock ends it."""
    seen: set[int] = set()

    def follow(run: TrainingRun) -> None:
        epochs = run.selection.last_epoch
        judge = _reporter(trial, looks, seen, epochs)
        for row in run.folder.history():  # of a run that goes on
            if row.get("validation_mrr") is not None:
                judge(row["epoch"], row["validation_mrr"])
        with closing(run.events()) as events:
            for event in events:
                if isinstance(event, EpochValidated) and event.mrr is not None:
                    judge(event.epoch.epoch, event.mrr)
                    clock.keep()
                    if event.epoch.epoch < epochs and trial.should_prune():
                        raise optuna.TrialPruned
                clock.report()
                if clock.over and run.steps_done < run.steps:
                    raise BudgetSpent

    return follow


def _reporter(
    trial: optuna.Trial, looks: list[float], seen: set[int], epochs: int
) -> Callable[[int, float], Any]:
    """Return what takes in a look. Trials of any length are compared at the same tenth of it."""

    def judge(epoch: int, mrr: float) -> None:
        looks.append(mrr)
        tenth = epoch * LOOKS // epochs
        if tenth not in seen:
            seen.add(tenth)
            trial.report(mrr, tenth)

    return judge


def _train(search: Search, trial: optuna.Trial, follow: Follow) -> None:
    """Train a trial from the start, or from where a command left it."""
    path = search.study.run_path(trial.params)
    folder = RunFolder(path)
    if folder.last.exists():
        try:
            resume_run(folder, folder.settings(), search.graph, follow)
        except DataError:  # a damaged checkpoint: nothing but its time is lost
            log.warning(f"trial {trial.number}: begun again, {folder.last} cannot be read")
        else:
            return
    shutil.rmtree(path, ignore_errors=True)
    folder = make_run(path.parent, path.name)
    settings = search.settings_of(trial.params)
    train_run(settings, search.graph, search.caches, path.parent, follow, folder)
