"""What people say of new facts: a line a verdict in `judged.tsv` of the run, none ever lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal, get_args

from mygo_cli.errors import DataError
from mygo_cli.files import HeldElsewhere, atomic_write, only_writer

Verdict = Literal["accept", "reject"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Fact = tuple[str, str, str]  # head, relation, tail: ids

COLUMNS = ("time", "head", "relation", "tail", "verdict")
PATIENCE = 5.0  # seconds that another process may take for its own line
PAUSE = 0.02  # seconds until the next try
BREAKS = ("\t", "\n", "\r")


@dataclass(frozen=True)
class Verdicts:
    """The verdicts in a file, oldest first; of several on one fact the last one counts."""

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def latest(self) -> Mapping[Fact, Verdict]:
        """Return the verdict on each fact that was judged; lines of others' making are passed."""
        lines = self._content().decode("utf-8", "replace").split("\n")
        cells = [line.rstrip("\r").split("\t") for line in lines]
        known = {verdict: verdict for verdict in VERDICTS}
        return {
            (row[1], row[2], row[3]): known[row[4]]
            for row in cells
            if len(row) == len(COLUMNS) and row[4] in known
        }

    def add(self, fact: Fact, verdict: Verdict) -> None:
        """Append a line, so that the file is whole at any moment, whoever else appends.

        Raises `DataError` for a name with a tab or line break, where the file cannot be written,
        and where another process holds it for long.
        """
        if any(sign in name for name in fact for sign in BREAKS):
            raise DataError(f"{fact}: a name with a tab or line break has no place in a TSV file.")
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        line = "\t".join((now, *fact, verdict)) + "\n"
        with self._lock, self._held():
            before = self._content() or ("\t".join(COLUMNS) + "\n").encode()
            # Someone's editor may have left the last line open.
            joint = b"" if before.endswith(b"\n") else b"\n"
            with atomic_write(self.path) as file:
                file.write(before + joint + line.encode())

    def _content(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise DataError(f"{self.path} cannot be read: {error.strerror}.") from error

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the file against other processes; their turn is short, so it is waited for."""
        until = time.monotonic() + PATIENCE
        with ExitStack() as held:
            while True:
                try:
                    held.enter_context(only_writer(self.path))
                    break
                except HeldElsewhere as error:
                    if time.monotonic() > until:
                        busy = f"{self.path}: another process is writing it."
                        raise DataError(busy, "Try again.") from error
                    time.sleep(PAUSE)
                except OSError as error:
                    raise DataError(f"{self.path} cannot be written: {error.strerror}.") from error
            yield
