"""What is wrong, what there is instead, and what to do: the errors that a user reads."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral
from typing import TypeVar

Kind = TypeVar("Kind", bound="MygoError")


class MygoError(Exception):
    """Something the user can put right. Ends the command with one line and exit code 1.

    `problem` says what is wrong, `way_out` what to type or change.
    """

    exit_code = 1

    def __init__(self, problem: str, way_out: str = "") -> None:
        super().__init__(f"{problem} {way_out}".rstrip())
        self.problem = problem
        self.way_out = way_out

    def within(self: Kind, where: str, way_out: str = "") -> Kind:
        """Return a copy of the same kind that says where it happened, with one more way out.

        All else that a subclass knows of the mistake, its file and line, is kept.
        """
        copied = type(self).__new__(type(self))  # its __init__ may want other arguments
        vars(copied).update(vars(self))
        copied.problem = f"{where}: {self.problem}" if where else self.problem
        copied.way_out = f"{self.way_out} {way_out}".strip()
        copied.args = (f"{copied.problem} {copied.way_out}".rstrip(),)
        return copied


class UsageError(MygoError):
    """Options that do not fit together. Exit code 2, as for an unknown option."""

    exit_code = 2


class DataError(MygoError):
    """A file of a dataset, cache or run that cannot be used as it is."""


class BackendError(MygoError):
    """A plugin that is missing, broken or of the wrong type."""


class NoSuchBackend(BackendError, UsageError):
    """A plugin was named that is not installed: exit code 2, as for any name that there is not."""


class OutOfMemory(MygoError):
    """There was no memory for so much at once."""


class Interrupted(MygoError):
    """Ctrl-C, after everything worth keeping was saved. Exit code 130."""

    exit_code = 130


def lacks_memory(error: Exception) -> bool:
    """Say whether memory ran out, as mygo, Python, and PyTorch on any device put it."""
    said = str(error).lower()
    words = ("out of memory", "not enough memory", "can't allocate memory")
    named = isinstance(error, (MemoryError, OutOfMemory))
    named = named or type(error).__name__ == "OutOfMemoryError"
    return named or any(each in said for each in words)


class ReportedElsewhere(MygoError):
    """An error that another process of the same job tells the user of."""


def suggest(name: str, choices: Iterable[str], most: int = 3) -> str:
    """Return the sentence that helps after a mistyped name: near misses, else a few choices."""
    choices = list(dict.fromkeys(choices))
    near = difflib.get_close_matches(name.lower(), [choice.lower() for choice in choices], most)
    found = [choice for miss in near for choice in choices if choice.lower() == miss][:most]
    if found:
        return f"Did you mean {' or '.join(found)}?"
    if not choices:
        return "There are none."
    more = ", ..." if len(choices) > 8 else ""
    return f"There are: {', '.join(choices[:8])}{more}."


def at_least_one(what: str, given: object) -> int:
    """Return a count; raise `UsageError` for none, less, and what is no whole number."""
    if isinstance(given, bool) or not isinstance(given, Integral) or given < 1:
        raise UsageError(f"{what}={given!r} will not do.", "Give a whole number, 1 or more.")
    return int(given)


def check_choice(what: str, given: object, choices: Iterable[str]) -> None:
    """Raise `UsageError` for what is none of the choices that `what` has."""
    choices = list(choices)
    if given not in choices:
        raise UsageError(f"{what}={given!r} is no choice.", suggest(str(given), choices))


TO_THE_AUTHOR = "Report this to the plugin's author."


def one_line(error: Exception) -> str:
    """Return what an exception says, as one clause."""
    said = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
