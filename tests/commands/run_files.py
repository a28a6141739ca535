"""What lies in the folders of runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mygo_cli import config
from mygo_cli.training.settings import Settings


def only_run(runs: str = "mygo-work/runs") -> Path:
    (path,) = Path(runs).iterdir()
    return path


def newest_run(runs: str = "mygo-work/runs") -> Path:
    return max(Path(runs).iterdir(), key=lambda path: path.stat().st_mtime_ns)


def settings_of(run: Path) -> Settings:
    return config.from_dict(Settings, config.read_toml(run / "config.toml"), "run")


def result_of(run: Path) -> dict[str, Any]:
    return json.loads((run / "result.json").read_text())
