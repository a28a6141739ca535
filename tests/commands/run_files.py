"""What lies in the folders of runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.sections import Settings
from mygo_cli.settings.toml import read_toml


def only_run(runs: str = "mygo-work/runs") -> Path:
    (path,) = Path(runs).iterdir()
    return path


def newest_run(runs: str = "mygo-work/runs") -> Path:
    return max(Path(runs).iterdir(), key=lambda path: path.stat().st_mtime_ns)


def settings_of(run: Path) -> Settings:
    return from_dict(Settings, read_toml(run / "config.toml"), "run")


def result_of(run: Path) -> dict[str, Any]:
    return json.loads((run / "result.json").read_text())
