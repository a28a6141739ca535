"""`mygo export`: vectors and scores of a run in files that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mygo_cli import console
from mygo_cli.commands.options import BatchSizeOption, DeviceOption, RunDataOption, RunsDirOption
from mygo_cli.errors import DataError, UsageError
from mygo_cli.folders import runs_dir

if TYPE_CHECKING:
    from mygo_cli.exports.tables import Table
    from mygo_cli.graph.knowledge_graph import KnowledgeGraph
    from mygo_cli.runs.opened import Trained

What = Literal["entities", "relations", "scores"]


def export(
    run: Annotated[
        Path | None,
        typer.Argument(help="Folder or name of the run; default: the newest.", show_default=False),
    ] = None,
    what: Annotated[
        What, typer.Option("--what", help="Vectors of entities or relations, or scores of triples.")
    ] = "entities",
    file_format: Annotated[
        Literal["npz", "tsv", "safetensors", "parquet"] | None,
        typer.Option(
            "--format",
            help="Default: as the ending of --output says, else npz.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", help="File to write. Default: entities.npz and so on.", show_default=False
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
    """Write entity vectors, relation vectors or scores of triples to a file."""
    from mygo_cli.commands.open_run import open_run
    from mygo_cli.exports.files import format_of, save_table

    if what != "scores" and (split or triples):
        raise UsageError("--split and --triples are about scores.", "Add --what scores.")
    if split and triples:
        raise UsageError("--split and --triples exclude each other.", "Leave one of them out.")
    kind = format_of(output, file_format)
    path = output or Path(f"{what}.{kind}")
    trained, graph = open_run(run, runs_dir(runs_folder), data, device)
    if what == "scores":
        table = _scores(trained, graph, split or "test", triples, batch_size)
        shape = f"{len(table):,} triples"
    else:
        table = _vectors(trained, graph, what)
        shape = f"{len(table):,} {what}, {table.numbers['vector'].shape[1]} wide"
    save_table(path, kind, table)
    console.result(f"{path}: {shape}, of {trained.folder.path.name}")


def _vectors(trained: Trained, graph: KnowledgeGraph, what: What) -> Table:
    from mygo_cli.exports.tables import entity_table, relation_table

    return (entity_table if what == "entities" else relation_table)(trained, graph)


def _scores(
    trained: Trained,
    graph: KnowledgeGraph,
    split: Literal["train", "valid", "test"],
    path: Path | None,
    batch_size: int | None,
) -> Table:
    """Return the scores of a split, or of the triples in a file."""
    from mygo_cli.exports.tables import read_triples, score_table

    triples = read_triples(path, graph) if path else graph.split(split)
    if not len(triples):
        raise DataError(f"{graph.folder} has no {split} triples.", "Name another --split.")
    with console.bar(transient=True) as bar:
        task = bar.add_task("score", total=None)
        return score_table(
            trained, graph, triples, batch_size, lambda done: bar.advance(task, done)
        )
