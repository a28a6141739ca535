"""The options that several commands share, and the folders they stand for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mygo_cli.settings.sections import Settings

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Folder of the graph (docs/data.md). Default: the built-in graph world.",
        show_default=False,
    ),
]
RunDataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Folder of the graph. Default: the one that the run was trained on.",
        show_default=False,
    ),
]
CacheDirOption = Annotated[
    Path | None,
    typer.Option(
        "--cache-dir", help="Folder of token caches. Default: mygo-work/cache.", show_default=False
    ),
]
RunsDirOption = Annotated[
    Path | None,
    typer.Option("--runs-dir", help="Folder of runs. Default: mygo-work/runs.", show_default=False),
]
RunOption = Annotated[
    Path | None,
    typer.Option("--run", help="Folder or name of the run. Default: the newest."),
]
BatchSizeOption = Annotated[
    int | None,
    typer.Option(
        "--batch-size",
        min=1,
        help="Questions scored at once. Default: what 256 MiB of scores hold, at most 512.",
        show_default=False,
    ),
]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, mps, ...")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def graph_folder(data: Path | None) -> Path:
    """Return the folder of `--data`, else of the built-in graph."""
    from mygo_cli.demo import world_folder

    return data if data is not None else world_folder()


def settings_folder(settings: Settings) -> Path:
    """Return the folder of the graph that a run's settings name."""
    folder = settings.data.folder
    return graph_folder(Path(folder) if folder else None)


def work_dir() -> Path:
    """Return the folder that holds caches and runs: $MYGO_WORK, else ./mygo-work."""
    return Path(os.environ.get("MYGO_WORK") or "mygo-work")


def cache_dir(value: Path | None) -> Path:
    """Return the folder of `--cache-dir`, else the default one."""
    return value if value is not None else work_dir() / "cache"


def runs_dir(value: Path | None) -> Path:
    """Return the folder of `--runs-dir`, else the default one."""
    return value if value is not None else work_dir() / "runs"
