"""Loggers of `mygo train --log`: found before the work, told of each epoch, never in its way."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mygo_cli import backends
from mygo_cli.contracts import LOGGERS, LoggedRun, RunLogger
from mygo_cli.errors import BackendError, MygoError
from mygo_cli.runs.folder import RunFolder
from mygo_cli.settings.sections import Settings, settings_fields

log = logging.getLogger(__name__)
METRICS = ("mrr", "mean_rank", "hits@1", "hits@3", "hits@10")  # of a result, both sides


class Loggers:
    """Loggers by name, as users gave them. One that fails while training goes on is left out."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        """Find them; raise `BackendError` for an unknown one, or one whose packages are missing."""
        self._classes = {name: _found(name) for name in dict.fromkeys(names)}
        self._open: dict[str, RunLogger] = {}
        self._result: dict[str, float] | None = None

    @contextmanager
    def opened(self, folder: RunFolder, settings: Settings, epochs_done: int) -> Iterator[None]:
        """Let each log the run of a folder, until the block ends.

        Raises `BackendError` for one that cannot begin: nothing is trained by then.
        """
        run = LoggedRun(folder.path, folder.path.name, flat_settings(settings), epochs_done)
        try:
            for name, cls in self._classes.items():
                try:
                    self._open[name] = cls(run)
                except Exception as error:  # a plugin may raise anything
                    raise BackendError(
                        f"--log {name}: {_said(error)}.", f"Go on without it: {folder.way_on}"
                    ) from error
            yield
        finally:
            for name in list(self._open):
                self._call(name, lambda logger: logger.close(self._result))
            self._open.clear()

    def log(self, epoch: int, values: Mapping[str, Any]) -> None:
        """Tell each of an epoch; values that were not measured are left out."""
        measured = {name: float(value) for name, value in values.items() if value is not None}
        for name in list(self._open):
            self._call(name, lambda logger: logger.log(epoch, measured))

    def keep_result(self, result: Mapping[str, Any]) -> None:
        """Take what `result.json` holds, to tell each when the run is closed."""
        self._result = {
            f"{split}/{name}": float(report["overall"][name])
            for split, report in result["splits"].items()
            for name in METRICS
        }

    def _call(self, name: str, method: Callable[[RunLogger], None]) -> None:
        try:
            method(self._open[name])
        except Exception as error:  # training is worth more than a log of it
            del self._open[name]
            log.warning(f"--log {name} failed and is left out: {_said(error)}.")


def _found(name: str) -> type[RunLogger]:
    cls: type[RunLogger] = backends.load(LOGGERS, name)
    missing = [module for module in cls.needs if importlib.util.find_spec(module) is None]
    if missing:
        wanted = f"'mygo-kg[{cls.extra}]'" if cls.extra else " ".join(missing)
        raise BackendError(
            f"--log {name} needs the package {' and '.join(missing)}, which is not installed.",
            f"pip install {wanted}",
        )
    return cls


def flat_settings(settings: Settings) -> dict[str, Any]:
    """Return every setting that has a value, by its keys: `training.epochs`."""
    found = {}
    for keys, _, _ in settings_fields(Settings):
        value: Any = settings
        for key in keys:
            value = getattr(value, key)
        if isinstance(value, dict):
            found.update({".".join((*keys, name)): each for name, each in value.items()})
        elif value is not None:
            found[".".join(keys)] = value
    return found


def _said(error: Exception) -> str:
    """Return what an exception says, on one line."""
    if isinstance(error, MygoError):
        return error.problem.rstrip(".")
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}".rstrip(".: ")
