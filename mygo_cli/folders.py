"""Where graphs, token caches and runs lie unless a folder is named."""

from __future__ import annotations

import os
from pathlib import Path

from mygo_cli.files import expanded
from mygo_cli.settings.sections import Settings


def world_folder() -> Path:
    """Return the dataset folder of "world" inside the installed package."""
    return Path(__file__).parent / "world"


def graph_folder(data: str | Path | None) -> Path:
    """Return the folder of `--data`, else of the built-in graph."""
    return expanded(data) if data is not None else world_folder()


def settings_folder(settings: Settings) -> Path:
    """Return the folder of the graph that a run's settings name."""
    return graph_folder(settings.data.folder or None)


def work_dir() -> Path:
    """Return the folder that holds caches and runs: $MYGO_WORK, else ./mygo-work."""
    return expanded(os.environ.get("MYGO_WORK") or "mygo-work")


def cache_dir(value: str | Path | None) -> Path:
    """Return the folder of `--cache-dir`, else the default one."""
    return expanded(value) if value is not None else work_dir() / "cache"


def runs_dir(value: str | Path | None) -> Path:
    """Return the folder of `--runs-dir`, else the default one."""
    return expanded(value) if value is not None else work_dir() / "runs"
