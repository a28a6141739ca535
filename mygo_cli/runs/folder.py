"""A run's folder: its files by name, and the newest run of a folder of runs."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mygo_cli.errors import DataError
from mygo_cli.files import atomic_write
from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.recipes import read_settings
from mygo_cli.settings.sections import Settings


@dataclass(frozen=True)
class RunFolder:
    """`<runs-dir>/<time>_<dataset>_<decoder>/` (docs/runs.md)."""

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
    def card(self) -> Path:
        """The model card."""
        return self.path / "README.md"

    def settings(self) -> Settings:
        """Return the settings of the run."""
        return from_dict(Settings, read_settings(self.config), str(self.config))

    def write(self, path: Path, text: str) -> None:
        """Write a small file at once; raise `DataError` where that fails."""
        with atomic_write(path) as file:
            file.write(text.encode())

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
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise DataError(f"{path} cannot be written: {error.strerror}.") from error

    def history(self) -> list[dict[str, Any]]:
        """Return the lines of `metrics.jsonl`, one an epoch, none where there is no such file."""
        return [json.loads(line) for line in self._metrics_lines()]

    def forget_after(self, epoch: int) -> None:
        """Drop the metrics of epochs after `epoch`, which a resumed run does again."""
        kept = [line for line in self._metrics_lines() if json.loads(line)["epoch"] <= epoch]
        if self.metrics.exists():
            self.write(self.metrics, "".join(line + "\n" for line in kept))

    def _metrics_lines(self) -> list[str]:
        if not self.metrics.exists():
            return []
        lines = self.metrics.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line.endswith("}")]  # a kill may cut the last one


def new_run(runs_dir: Path, dataset: str, decoder: str, label: str = "") -> RunFolder:
    """Make and return a fresh run folder; raise `DataError` where that fails."""
    parts = (time.strftime("%Y%m%d-%H%M%S"), dataset, decoder, label)
    return make_run(runs_dir, "_".join(part for part in parts if part))


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


def find_run(run: Path | None, runs_dir: Path) -> RunFolder:
    """Return the run of that path or name, or the newest one that has a selected model.

    Raises `DataError` for no such run, and for one that stopped before an epoch was selected.
    """
    if run is None:
        return _newest(runs_dir)
    candidates = [path for path in (run, runs_dir / run) if path.is_dir()]
    if not candidates:
        raise DataError(f"{run}: no such run.", f"Runs lie in {runs_dir}.")
    folder = RunFolder(candidates[0])
    if not folder.config.exists():
        raise DataError(f"{folder.path} is not a run: it has no config.toml.")
    if not folder.best.exists():
        goes_on = f"--resume {folder.path}" if folder.last.exists() else f"--config {folder.config}"
        raise DataError(
            f"{folder.path} holds no model: it stopped before an epoch was selected.",
            f"Go on with: mygo train {goes_on}",
        )
    return folder


def interrupted_run(run: Path, runs_dir: Path) -> RunFolder:
    """Return the run of that path or name, whether it holds a model yet or not."""
    for path in (run, runs_dir / run):
        if (path / "config.toml").is_file():
            return RunFolder(path)
    raise DataError(f"{run}: no such run.", f"Runs lie in {runs_dir}.")


def _newest(runs_dir: Path) -> RunFolder:
    """Return the run whose model was written last."""
    runs = [RunFolder(path.parent.parent) for path in runs_dir.glob("*/checkpoints/best.pt")]
    runs = [run for run in runs if run.config.exists()]
    if not runs:
        raise DataError(f"{runs_dir} holds no trained run.", "Train one with mygo train.")
    return max(runs, key=lambda run: (run.best.stat().st_mtime_ns, run.path))
