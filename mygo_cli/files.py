"""Files that are whole or not there, one writer at a time for each, and what identifies them."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import platform
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from mygo_cli.errors import DataError

HELD = (errno.EAGAIN, errno.EACCES)  # what a lock says that another process holds
BLOCK = 1 << 20  # bytes read at once for a digest
MOST_NESTED = 500  # lists and objects within each other, in JSON: no file needs as many
UNPACKED_TIMES = 40  # a table of names and numbers packs to a tenth, hardly ever to a thirtieth
UNPACKED_ANYWAY = 256 << 20  # bytes: what small files may hold, however well they are packed
DAY = 24 * 3600  # seconds: nobody has been writing one file for longer


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write into, which takes the place of `path` once it is full and on disk.

    Whatever ends it early leaves what was at `path`. A link stays one, and a device or pipe is
    written to as it is. Raises `DataError` where the folder cannot be written to or the disk is
    full.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
        else:
            with _in_place_of(path.resolve()) as file:
                yield file
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}.") from error


@contextmanager
def _in_place_of(path: Path) -> Iterator[BinaryIO]:
    """Give a file under a name of this writer alone, as another may be writing the same."""
    _clear_leftovers(path)
    temporary, file = _fresh_beside(path)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if os.name != "nt":  # while its lock is held; Windows moves closed files only
                temporary.replace(path)
        if os.name == "nt":
            temporary.replace(path)
    finally:
        with suppress(OSError):  # it was renamed
            temporary.unlink()


def _fresh_beside(path: Path) -> tuple[Path, BinaryIO]:
    """Make a file with a name of its own beside `path`; its lock says that its writer lives."""
    while True:
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        file = temporary.open("xb")
        with suppress(OSError):  # who clears up took it for a leftover just now
            _lock(file.fileno())
            if os.path.samestat(os.fstat(file.fileno()), temporary.stat()):
                return temporary, file
        file.close()


def _clear_leftovers(path: Path) -> None:
    """Delete what killed writers of a file left: where there are locks, what nobody holds."""
    for left in path.parent.glob(f"{glob.escape(path.name)}.{'?' * 8}.part"):
        with suppress(OSError):  # its writer lives, or it is gone
            with left.open("rb") as file:
                dead = _lock(file.fileno())
                if dead:
                    left.unlink()
            if not dead and left.stat().st_mtime < time.time() - DAY:
                left.unlink()


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
                os.ftruncate(handle, 0)
                os.write(handle, f"process {os.getpid()} on {platform.node()}".encode())
                return handle
        except FileNotFoundError:
            pass
        except OSError as error:
            os.close(handle)
            if error.errno not in HELD:
                raise
            raise HeldElsewhere(
                f"{path}: {_holder(lock)} is at work on it.",
                "Wait for it, or stop it and give the same command again.",
            ) from error
        os.close(handle)


def _holder(lock: Path) -> str:
    """Return who holds a lock, as it wrote there itself."""
    with suppress(OSError):  # it is done just now
        return lock.read_text(encoding="utf-8", errors="replace") or "another process"
    return "another process"


def _lock(handle: int) -> bool:
    """Lock an open file without waiting; return False where the system knows no such lock.

    Raises `OSError` with a number among `HELD` where another process has locked it.
    """
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Network file systems refuse locks with numbers of all kinds; these two mean a holder.
        if error.errno in HELD:
            raise
        return False
    return True


def expanded(path: str | Path) -> Path:
    """Return a path with the home folder for a `~` at its beginning.

    A shell does so before a program sees the path, but not in `--data=~/graph`, and nobody does in
    an .env file or in TOML. Where there is no such user the path stays as it is, as in a shell.
    """
    return Path(os.path.expanduser(path))


def most_unpacked(packed: int, anyway: int | None = None) -> int:
    """Return how many bytes a file of `packed` bytes may hold; what holds more wants the memory.

    So many are allowed `anyway`, None for `UNPACKED_ANYWAY`, however few the file has.
    """
    return max(UNPACKED_ANYWAY if anyway is None else anyway, UNPACKED_TIMES * packed)


def holes_refused(path: Path) -> None:
    """Raise `DataError` for a file of nearly nothing but holes, which reads as so many zeros.

    A file system that does not say how much a file takes of it is trusted.
    """
    about = path.stat()
    stored = 512 * getattr(about, "st_blocks", 0)  # so POSIX counts, whatever a block is
    if stored and about.st_size > most_unpacked(stored):
        raise DataError(
            f"{path} has {about.st_size:,} bytes, of which {stored:,} are on the disk.",
            "If it was meant to be full, make it again.",
        )


def parsed_json(text: str | bytes, **options: Any) -> Any:
    """Return what JSON says; raise `ValueError` where it is none, or nested too deep to be read."""
    try:
        found = json.loads(text, **options)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    # Before Python 3.12 the parser stops at some 1,000 levels; later ones go on far beyond.
    if _is_deeper(found, MOST_NESTED):
        raise ValueError("nested too deep")
    return found


def _is_deeper(found: Any, most: int) -> bool:
    """Say whether lists and objects stand within each other more than `most` times."""
    level = [found] if isinstance(found, (list, dict)) else []
    for _ in range(most):
        below = (each.values() if isinstance(each, dict) else each for each in level)
        level = [child for part in below for child in part if isinstance(child, (list, dict))]
        if not level:
            return False
    return True


def as_utf8(text: str) -> bytes:
    r"""Return text as UTF-8, bytes of a path that are none as numbers such as \udce9.

    JSON reads those back as the path that they were.
    """
    return text.encode("utf-8", "backslashreplace")


def file_sha256(path: Path) -> str:
    """Return the file's sha256 in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
