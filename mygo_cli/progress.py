"""What a long job reports while it works, and how it is asked to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any

# Called as progress(what, done, total); a total of None is not known.
Progress = Callable[[str, int, "int | None"], None]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


# What shows progress now, for work that is too deep for an argument: the download of weights.
_shown: ContextVar[Progress] = ContextVar("mygo_progress")


def silent(what: str, done: int, total: int | None) -> None:
    """Report nothing."""


@contextmanager
def showing(progress: Progress) -> Iterator[Progress]:
    """Let `shown` return `progress` while this lasts."""
    before = _shown.set(progress)
    try:
        yield progress
    finally:
        _shown.reset(before)


def shown() -> Progress:
    """Return what shows progress now, `silent` where nothing does."""
    return _shown.get(silent)


class GracefulStop:
    """Within `with GracefulStop() as stop`, a first Ctrl-C only sets `stop.asked`; a second raises.

    SIGTERM asks, too. With `patient` no second one raises: torchrun passes on the Ctrl-C that its
    processes have already seen. Outside the main thread, where Python allows no signal handler,
    nothing changes.
    """

    def __init__(self, patient: bool = False) -> None:
        self.asked = False
        self._patient = patient
        self._before: dict[int, Callable[[int, FrameType | None], Any] | int | None] = {}

    def __enter__(self) -> GracefulStop:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._ask) for number in SIGNALS}
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._patient and kind is not None:
            return  # this process has yet to say why it ends; `app.report` heeds signals again
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked and not self._patient:
            raise KeyboardInterrupt
        self.asked = True
