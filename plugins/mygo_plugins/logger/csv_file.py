"""The epochs of a run as `epochs.csv` in its folder, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mygo_cli.contracts import LoggedRun, RunLogger
from mygo_cli.files import atomic_write

FILE = "epochs.csv"


class CsvFile(RunLogger):
    """A line an epoch; the file is replaced as a whole, so that it is never half written."""

    description = "a line an epoch in epochs.csv of the run's folder"

    def __init__(self, run: LoggedRun) -> None:
        self.path = run.folder / FILE
        self.rows = _read(self.path, run.epochs_done)

    def log(self, epoch: int, values: Mapping[str, float]) -> None:
        """Add a line; a column that is new is empty above."""
        self.rows.append({"epoch": epoch, **values})
        columns = dict.fromkeys(name for row in self.rows for name in row)
        text = io.StringIO()
        table = csv.DictWriter(text, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(self.rows)
        with atomic_write(self.path) as file:
            file.write(text.getvalue().encode())

    def close(self, result: Mapping[str, float] | None) -> None:
        """Do nothing: every line is written, and the result has a file of its own."""


def _read(path: Path, epochs: int) -> list[dict[str, Any]]:
    """Return the lines of the first `epochs`, none where there is no such file."""
    try:
        lines = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        return [line for line in lines if int(line["epoch"]) <= epochs]
    except (OSError, ValueError, KeyError, TypeError):
        return []
