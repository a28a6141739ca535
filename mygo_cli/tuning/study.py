"""The study of a search: a file that every trial is written to at once, and opened again later."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from mygo_cli.errors import DataError
from mygo_cli.tuning.space import Dimension, starting_point

STUDY = "study.journal"
LOOKS = 10  # at the validation split, in each trial
SEEN_FIRST = 3  # of those looks before a trial can be stopped, while the learning rate rises
WHOLE_FIRST = 4  # trials that run to their end before any is compared with them
BY_LOT = 8  # trials drawn by lot before those that were good guide the choice


class Study:
    """A search in its folder: `study.journal`, and `trials/` with the run in flight.

    `asked` is what the search is about, as plain values. Raises `DataError` where the folder
    holds a search about something else, and for a damaged or unwritable file.
    """

    def __init__(self, folder: Path, space: list[Dimension], asked: Mapping[str, Any], seed: int):
        self.folder = folder
        self.space = space
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.optuna = _opened(folder / STUDY, seed)
        except OSError as error:
            raise DataError(
                f"{error.filename or folder}: {error.strerror}.", "Name another --output."
            ) from error
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            raise DataError(
                f"{folder / STUDY} is damaged.",
                "Delete it to search anew, or name another --output.",
            ) from error
        self._check(asked)

    def _check(self, asked: Mapping[str, Any]) -> None:
        """Keep what a new search is about; raise `DataError` where an old one differs."""
        now = json.loads(json.dumps(asked, default=str))
        before = self.optuna.user_attrs.get("asked")
        if before is None:
            self.optuna.set_user_attr("asked", now)
        elif before != now:
            keys = {*before, *now}
            other = sorted(key for key in keys if before.get(key) != now.get(key))
            raise DataError(
                f"{self.folder} holds a search with other {', '.join(other)}.",
                "Name another --output, or delete that folder.",
            )

    def take_up(self) -> None:
        """Begin with the settings as they are; ask again for what a killed command left open.

        Only for a process that no other shares the study with.
        """
        if not self.optuna.get_trials(deepcopy=False):
            self.optuna.enqueue_trial(starting_point(self.space))
        for left in self.optuna.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
            self.postpone(left.number, left.params)

    @property
    def seconds(self) -> float:
        """The time that the search took so far, over all commands."""
        return float(self.optuna.user_attrs.get("seconds", 0.0))

    def spend(self, seconds: float) -> None:
        """Add to the time that the search took."""
        self.optuna.set_user_attr("seconds", round(self.seconds + seconds, 3))

    def begin(self) -> optuna.Trial:
        """Return the next trial, with a value for every dimension."""
        trial = self.optuna.ask()
        for dimension in self.space:
            dimension.suggest(trial)
        return trial

    def end(self, trial: optuna.Trial, value: float | None, state: TrialState) -> None:
        """Write down how a trial ended, and forget its run."""
        self.optuna.tell(trial.number, value, state=state)
        shutil.rmtree(self.run_path(trial.params), ignore_errors=True)

    def postpone(self, number: int, params: Mapping[str, Any]) -> None:
        """Ask for the same values again first thing next time; their run goes on then."""
        self.optuna.tell(number, state=TrialState.FAIL)
        if params:
            self.optuna.enqueue_trial(dict(params))

    def run_path(self, params: Mapping[str, Any]) -> Path:
        """Return where the run of these values lies while it trains."""
        text = json.dumps(dict(params), sort_keys=True)
        return self.folder / "trials" / hashlib.sha256(text.encode()).hexdigest()[:12]

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """Return the trials in these states, in their order."""
        return self.optuna.get_trials(deepcopy=False, states=states)

    @property
    def done(self) -> list[FrozenTrial]:
        """The trials that ran to their end, the best first."""
        whole = self.trials(TrialState.COMPLETE)
        return sorted(whole, key=lambda trial: (-(trial.value or 0.0), trial.number))

    @property
    def pruned(self) -> list[FrozenTrial]:
        """The trials that were stopped because they fell behind."""
        return self.trials(TrialState.PRUNED)


def _opened(path: Path, seed: int) -> optuna.Study:
    """Return the study of a file, a new one where there is none."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = JournalStorage(JournalFileBackend(str(path)))
    known: Iterable[str] = optuna.get_all_study_names(storage)
    before = 0
    if "tune" in known:
        before = len(optuna.load_study(study_name="tune", storage=storage).trials)
    return optuna.create_study(
        study_name="tune",
        storage=storage,
        direction="maximize",
        load_if_exists=True,
        # A search that goes on must not draw what it has drawn before.
        sampler=optuna.samplers.TPESampler(
            n_startup_trials=BY_LOT, multivariate=True, seed=seed + before
        ),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=WHOLE_FIRST, n_warmup_steps=SEEN_FIRST),
    )
