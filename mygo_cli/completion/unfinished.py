"""What a completion that was stopped needs to go on: a small file beside its output."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mygo_cli.completion.search import NO_FACTS, Facts
from mygo_cli.errors import DataError
from mygo_cli.files import atomic_write, parsed_json

FORMAT, VERSION = "mygo-completion", 1
BEGIN_AGAIN = "Give --force to begin again, or name another --output."
Settings = dict[str, str | int]


@dataclass(frozen=True)
class Unfinished:
    """`<output>.unfinished`: how many questions are done, the best facts so far, and `settings`.

    `settings`, named as a user knows them, say what the facts depend on: those of another model,
    graph or question are never taken for these. With `force` whatever is there counts as nothing.
    """

    path: Path
    settings: Settings
    force: bool = False

    def save(self, done: int, facts: Facts) -> None:
        """Write how it stands at a stroke; raise `DataError` where that fails."""
        head = {"format": FORMAT, "version": VERSION, "done": done, "settings": self.settings}
        with atomic_write(self.path) as file:
            np.savez(file, head=np.array(json.dumps(head)), **facts._asdict())

    def load(self) -> tuple[int, Facts]:
        """Return how it stood, the beginning where there is no file.

        Raises `DataError` for a file that is damaged or was begun with other settings.
        """
        if self.force or not self.path.exists():
            return 0, NO_FACTS
        head, facts = self._read()
        if (head.get("format"), head.get("version")) != (FORMAT, VERSION):
            raise DataError(f"{self.path} is of another version of mygo.", BEGIN_AGAIN)
        if not head["done"]:
            return 0, NO_FACTS
        for name, value in self.settings.items():
            if head["settings"].get(name) != value:
                raise DataError(f"{self.path} was begun with another {name}.", BEGIN_AGAIN)
        return int(head["done"]), facts

    def _read(self) -> tuple[dict[str, Any], Facts]:
        """Return the file's head and facts; runs nothing that the file names."""
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as content:
                head = parsed_json(str(content["head"]))
                return dict(head), Facts(*(content[name] for name in Facts._fields))
        except OSError as error:
            reason = error.strerror or "it is damaged"
            raise DataError(f"{self.path} cannot be read: {reason}.", BEGIN_AGAIN) from error
        except Exception as error:  # a damaged zip file may raise anything
            raise DataError(f"{self.path} is damaged.", BEGIN_AGAIN) from error

    def remove(self) -> None:
        """Delete the file, if there is one; raise `DataError` where that fails."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise DataError(f"{self.path} cannot be removed: {error.strerror}.") from error
