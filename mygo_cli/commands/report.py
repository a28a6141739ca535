"""`mygo report`: a run as one web page to read, print or send."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mygo_cli import console
from mygo_cli.commands.options import (
    DeviceOption,
    RunArgument,
    RunDataOption,
    RunsDirOption,
)
from mygo_cli.commands.output import HTML, check_file

REPORT = "report.html"  # in the run's folder


def report(
    run: RunArgument = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="File to write. Default: report.html in the run's folder.",
            show_default=False,
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(min=1, help="How many new facts to show, most plausible first.")
    ] = 50,
    device: DeviceOption = "auto",
    data: RunDataOption = None,
    runs_folder: RunsDirOption = None,
) -> None:
    """Write a run as one web page: curves, metrics, calibration, answers and new facts."""
    from mygo_cli.files import atomic_write
    from mygo_cli.pages.run_page import run_page
    from mygo_cli.runs.opened import open_run

    check_file(output, endings=HTML)
    opened = open_run(run, data, device, runs_folder)
    path = output or opened.folder.path / REPORT
    # Before the work: a folder that cannot be written to is noticed now.
    with console.bars(transient=True) as progress, atomic_write(path) as file:
        page = run_page(opened, top, progress).encode()
        file.write(page)
    console.result(f"{path}: {len(page) / 1024:,.0f} KiB, of {opened.name}")
