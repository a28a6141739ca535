"""Files that are whole or not there: written to a temporary name, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mygo_cli.errors import DataError


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write into, which takes the place of `path` once it is full and on disk.

    Whatever ends it early leaves what was at `path`. Raises `DataError` where the folder cannot
    be written to or the disk is full.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):  # it was renamed, or never made
            temporary.unlink()
