"""A run's folder: its files by name, how far it is, and how to make one."""

from __future__ import annotations

import json
import math
import re
import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mygo_cli.errors import DataError, UsageError
from mygo_cli.files import as_utf8, atomic_write, parsed_json
from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.recipes import read_settings
from mygo_cli.settings.sections import Settings
from mygo_cli.settings.toml import to_toml

NAME = re.compile(r"[\w.-]+")
DELETE = "Delete it: no number depends on it."


@dataclass(frozen=True)
class RunFolder:
    """`<runs-dir>/<time>_<dataset>_<decoder>[_<name>]/` (docs/runs.md)."""

    path: Path

    @property
    def config(self) -> Path:
        """The fully resolved settings."""
        return self.path / "config.toml"

    @property
    def environment(self) -> Path:
        """Versions, machine and command line."""
        return self.path / "environment.json"

    @property
    def metrics(self) -> Path:
        """One JSON object an epoch."""
        return self.path / "metrics.jsonl"

    @property
    def log(self) -> Path:
        """What happened, line by line, with times."""
        return self.path / "train.log"

    @property
    def last(self) -> Path:
        """Everything needed to go on training."""
        return self.path / "checkpoints" / "last.pt"

    @property
    def best(self) -> Path:
        """The selected model with its entity and relation vectors."""
        return self.path / "checkpoints" / "best.pt"

    @property
    def result(self) -> Path:
        """Metrics of the selected model."""
        return self.path / "result.json"

    @property
    def calibration(self) -> Path:
        """How often answers of a given probability hold."""
        return self.path / "calibration.json"

    @property
    def expected(self) -> Path:
        """How often new facts of a given plausibility hold."""
        return self.path / "expected.json"

    @property
    def card(self) -> Path:
        """The model card."""
        return self.path / "README.md"

    @property
    def finished(self) -> bool:
        """Say whether it was trained to its end, measured, and lacks no part to answer."""
        return all(path.is_file() for path in (self.config, self.best, self.result))

    @property
    def last_written(self) -> int:
        """When it came to where it is, in nanoseconds: at its end, else the last sign of life."""
        parts = [self.result] if self.result.exists() else [self.last, self.best, self.config]
        return max((path.stat().st_mtime_ns for path in parts if path.exists()), default=0)

    @property
    def way_on(self) -> str:
        """The command that goes on with a run that stopped, or begins it again."""
        if self.last.exists():
            return f"mygo train --resume {shlex.quote(str(self.path))}"
        return f"mygo train --config {shlex.quote(str(self.config))}"

    def settings(self) -> Settings:
        """Return the settings of the run."""
        return from_dict(Settings, read_settings(self.config), str(self.config))

    def read_environment(self) -> dict[str, Any]:
        """Return what `environment.json` says; nothing where there is no such file.

        Raises `DataError` where it is damaged: nothing depends on it, so it may be deleted.
        """
        try:
            found = parsed_json(self.environment.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise DataError(f"{self.environment} cannot be read: {error}.", DELETE) from error
        if not _is_environment(found):
            raise DataError(f"{self.environment} is damaged.", DELETE)
        return dict(found)

    def read_result(self) -> dict[str, Any]:
        """Return what `result.json` says; nothing where there is none that can be read."""
        try:
            found = parsed_json(self.result.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, path: Path, text: str) -> None:
        """Write a small file at once; raise `DataError` where that fails."""
        with atomic_write(path) as file:
            file.write(as_utf8(text))

    def write_settings(self, settings: Settings) -> None:
        """Write `config.toml`; TOML has no numbers for a path's bytes, which stay as they are."""
        with atomic_write(self.config) as file:
            file.write(to_toml(settings).encode("utf-8", "surrogateescape"))

    def write_json(self, path: Path, value: object) -> None:
        """Write a small JSON file at once."""
        self.write(path, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")

    def append_metrics(self, row: dict[str, Any]) -> None:
        """Add one epoch's line to `metrics.jsonl`."""
        self._append(self.metrics, json.dumps(row, allow_nan=False))

    def append_log(self, text: str) -> None:
        """Add a line with the time to `train.log`."""
        self._append(self.log, f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}")

    def _append(self, path: Path, line: str) -> None:
        try:
            with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(line + "\n")
        except OSError as error:
            raise DataError(f"{path} cannot be written: {error.strerror}.") from error

    def history(self) -> list[dict[str, Any]]:
        """Return the lines of `metrics.jsonl`, one an epoch, none where there is no such file.

        Raises `DataError` where one is damaged.
        """
        return [row for _, row in self._metrics_rows()]

    def forget_after(self, epoch: int) -> None:
        """Drop the metrics of epochs after `epoch`, which a resumed run does again."""
        kept = [line for line, row in self._metrics_rows() if row["epoch"] <= epoch]
        if self.metrics.exists():
            self.write(self.metrics, "".join(line + "\n" for line in kept))

    def forget_result(self) -> None:
        """Drop what was measured, of a model that a run which goes on replaces."""
        try:
            self.result.unlink(missing_ok=True)
        except OSError as error:
            raise DataError(f"{self.result} cannot be replaced: {error.strerror}.") from error

    def _metrics_rows(self) -> list[tuple[str, dict[str, Any]]]:
        """Return each line with what it says."""
        if not self.metrics.exists():
            return []
        try:
            lines = self.metrics.read_text(encoding="utf-8").splitlines()
            # A kill may cut the last one.
            rows = [(line, parsed_json(line)) for line in lines if line.endswith("}")]
        except OSError as error:
            raise DataError(f"{self.metrics}: {error.strerror}.", DELETE) from error
        except ValueError as error:
            raise DataError(f"{self.metrics} is damaged.", DELETE) from error
        if not all(_is_epoch(row) for _, row in rows):
            raise DataError(f"{self.metrics} is damaged.", DELETE)
        return rows


def _is_environment(found: Any) -> bool:
    """Say whether it is what `environment` gives: names with plain values, and some lists."""
    return (
        isinstance(found, dict)
        and isinstance(found.get("packages", {}), dict)
        and isinstance(command := found.get("command", []), list)
        and all(isinstance(word, str) for word in command)
    )


def _is_epoch(row: Any) -> bool:
    """Say whether it is what an epoch is written as: its number, and numbers or null by name."""
    return (
        isinstance(row, dict)
        and type(row.get("epoch")) is int
        and all(value is None or _is_finite(value) for value in row.values())
    )


def _is_finite(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < math.inf


def new_run(runs_dir: Path, *parts: str) -> RunFolder:
    """Make and return a fresh run folder, called by the time and all `parts` that are not empty.

    They are the dataset, the decoder, a label and the name that a user gave. Raises `DataError`
    where that fails.
    """
    time_and_parts = (time.strftime("%Y%m%d-%H%M%S"), *parts)
    return make_run(runs_dir, "_".join(part for part in time_and_parts if part))


def check_name(name: str) -> None:
    """Raise `UsageError` for the name of a run that could not be part of a folder's name."""
    if name and not NAME.fullmatch(name):
        raise UsageError(
            f"--name {name}: a run is called by letters, digits, dots, dashes and underscores.",
            "Leave out all else.",
        )


def make_run(runs_dir: Path, stem: str) -> RunFolder:
    """Make and return a run folder of that name, numbered if there is one already."""
    for attempt in range(1000):
        path = runs_dir / (stem if not attempt else f"{stem}-{attempt + 1}")
        try:
            runs_dir.mkdir(parents=True, exist_ok=True)
            path.mkdir()
            (path / "checkpoints").mkdir()
        except FileExistsError:
            if not runs_dir.is_dir():
                break
            continue
        except OSError as error:
            raise DataError(
                f"{path} cannot be made: {error.strerror}.", "Name another --runs-dir."
            ) from error
        return RunFolder(path)
    raise DataError(f"{runs_dir} is not a folder.", "Name another --runs-dir.")


def run_folders(runs_dir: Path) -> list[RunFolder]:
    """Return every run of a folder of runs that has settings, the one written last first."""
    runs = [RunFolder(path.parent) for path in runs_dir.glob("*/config.toml")]
    return sorted(runs, key=lambda run: (run.last_written, run.path), reverse=True)
