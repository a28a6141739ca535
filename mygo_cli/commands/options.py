"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mygo_cli.commands import completing

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


def _run_option(several: str) -> Any:
    """Return the option `--run`; `several` says what several runs do, where they are taken."""
    return typer.Option(
        "--run",
        autocompletion=completing.runs,
        help="Folder of the run, or its name or the beginning of it; mygo runs lists them. "
        f"{several}Default: the newest that is finished, of the graph --data if given.",
        show_default=False,
    )


RunOption = Annotated[
    Path | None,
    _run_option("Several joined by + answer together, by the mean of their scores. "),
]
OneRunOption = Annotated[Path | None, _run_option("")]
RunArgument = Annotated[
    Path | None,
    typer.Argument(
        help="Folder or name of the run; default: the newest.",
        autocompletion=completing.runs,
        show_default=False,
    ),
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
