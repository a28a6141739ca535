"""One writer per cache file, or whatever else has a name."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mygo_cli.errors import DataError


class HeldElsewhere(DataError):
    """Another process is at work on the same thing."""


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Hold `path` against other processes that write it, by a lock on a file beside it.

    The system drops the lock with the process, however that ends. Raises `HeldElsewhere` at once
    where another process holds it. File systems without locks are trusted.
    """
    lock = path.with_name(path.name + ".lock")
    handle = _acquire(path, lock)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


def _acquire(path: Path, lock: Path) -> int:
    """Return the open, locked file; go round again where its last holder removed it just now."""
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(handle)
            if os.path.samestat(os.fstat(handle), os.stat(lock)):
                return handle
        except FileNotFoundError:
            pass
        except OSError as error:
            os.close(handle)
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise HeldElsewhere(
                f"{path}: another process is writing this cache.",
                "Wait for it, or stop it and give the same command again.",
            ) from error
        os.close(handle)


def _lock(handle: int) -> None:
    """Lock an open file without waiting; do nothing where the system knows no such lock."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise
