"""`mygo export`: vectors and scores of a run in files that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mygo_cli import console
from mygo_cli.commands.options import (
    BatchSizeOption,
    DeviceOption,
    RunArgument,
    RunDataOption,
    RunsDirOption,
)
from mygo_cli.commands.output import check_file
from mygo_cli.errors import UsageError

if TYPE_CHECKING:
    from mygo_cli.graph.files import Split
    from mygo_cli.graph.triples import Triples
    from mygo_cli.runs.run import Run


def export(
    run: RunArgument = None,
    what: Annotated[
        Literal["entities", "relations", "scores", "bundle"],
        typer.Option(
            "--what",
            help="Vectors of entities or relations, scores of triples, or a folder with run and "
            "graph that answers on another machine.",
        ),
    ] = "entities",
    file_format: Annotated[
        Literal["npz", "tsv", "safetensors", "parquet"] | None,
        typer.Option(
            "-f",
            "--format",
            help="Default: as the ending of --output says, else npz.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="File or folder to write. Default: entities.npz and so on; the run's name.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        Literal["train", "valid", "test"] | None,
        typer.Option("--split", help="Score these triples. Default: test.", show_default=False),
    ] = None,
    triples: Annotated[
        Path | None,
        typer.Option("--triples", help="Score the triples of this file, known or not."),
    ] = None,
    batch_size: BatchSizeOption = None,
    device: DeviceOption = "auto",
    data: RunDataOption = None,
    runs_folder: RunsDirOption = None,
) -> None:
    """Write vectors of entities or relations, or scores, to a file, or all of a run."""
    from mygo_cli.exports.files import format_of, save_table
    from mygo_cli.runs.exported import table_of
    from mygo_cli.runs.opened import open_run

    if what != "scores" and (split or triples):
        raise UsageError("--split and --triples are about scores.", "Add --what scores.")
    if split and triples:
        raise UsageError("--split and --triples exclude each other.", "Leave one of them out.")
    if what == "bundle":
        if file_format:
            raise UsageError("A bundle is a folder and has no --format.", "Leave it out.")
        _bundle(open_run(run, data, device, runs_folder), output)
        return
    check_file(output)
    kind = format_of(output, file_format)
    path = output or Path(f"{what}.{kind}")
    opened = open_run(run, data, device, runs_folder)
    scored = _scored(opened, split or "test", triples) if what == "scores" else None
    with console.bars(transient=True) as progress:
        table = table_of(opened, what, scored, batch_size, progress)
    save_table(path, kind, table)
    shape = f"{len(table):,} {'triples' if what == 'scores' else what}"
    if what != "scores":
        shape += f", {table.numbers['vector'].shape[1]} wide"
    console.result(f"{path}: {shape}, of {opened.name}")


def _bundle(run: Run, output: Path | None) -> None:
    """Write a run with its graph as one folder."""
    from mygo_cli.runs.bundle import write_bundle

    folder = output or Path(run.name)
    files = write_bundle(run, folder)
    size = sum(path.stat().st_size for path in files) / 1e6
    console.result(f"{folder}: {len(files)} files, {size:,.1f} MB, of {run.name}")
    console.result(f"Next, wherever it is: mygo rank --run {folder} --head X --relation Y")


def _scored(opened: Run, split: Split, file: Path | None) -> Triples:
    """Return the triples of a split, or those of a file, int64 (T, 3)."""
    from mygo_cli.ranking.named_rows import read_triples

    return read_triples(file, opened.graph) if file else opened.triples_of(split)
