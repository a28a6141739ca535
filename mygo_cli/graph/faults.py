"""A fault in one of a dataset's files: which file, which line, what is wrong, the way out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mygo_cli.errors import DataError


class FileFault(DataError):
    """A `DataError` that keeps its place, so that `check` can list it beside other findings."""

    def __init__(self, file: Path, line: int | None, message: str, way_out: str = "") -> None:
        place = f"{file}:{line}" if line is not None else f"{file}"
        super().__init__(f"{place}: {message}", way_out)
        self.file = file
        self.line = line
        self.message = message


# What a reader does with a bad line. Where it returns, the reader leaves the line out and goes on.
OnFault = Callable[[FileFault], None]


def stop(fault: FileFault) -> None:
    """Raise the fault: reading ends at the first one."""
    raise fault
