"""`mygo complete`: the most plausible facts that a graph does not hold."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mygo_cli import console, records
from mygo_cli.commands.options import (
    BatchSizeOption,
    DeviceOption,
    JsonOption,
    RunDataOption,
    RunOption,
    RunsDirOption,
)
from mygo_cli.errors import UsageError
from mygo_cli.streams import data_output

if TYPE_CHECKING:
    from mygo_cli.completion.completion import Completion
    from mygo_cli.completion.questions import Request
    from mygo_cli.runs.facts import Fact
    from mygo_cli.runs.run import Run

log = logging.getLogger(__name__)


def complete(
    top: Annotated[int, typer.Option(min=1, help="How many facts to find.")] = 100,
    output: Annotated[
        Path | None,
        typer.Option(
            help="File to write; stopped, the same command goes on. Default: the terminal.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        records.Format | None,
        typer.Option("--format", help="Format to write; else the ending of --output says it."),
    ] = None,
    relation: Annotated[str | None, typer.Option(help="Ask about this relation only.")] = None,
    entity: Annotated[str | None, typer.Option(help="Ask about this entity only.")] = None,
    side: Annotated[
        Literal["head", "tail", "both"], typer.Option(help="Which missing side to ask for.")
    ] = "both",
    pairs: Annotated[
        Literal["seen", "all"],
        typer.Option(
            help="seen: ask what the graph holds an answer to. all: ask of every entity with the "
            "--relation, or every relation with the --entity."
        ),
    ] = "seen",
    unlinked: Annotated[
        bool,
        typer.Option("--unlinked", help="Only facts between entities that no fact joins yet."),
    ] = False,
    missing: Annotated[
        bool,
        typer.Option(
            "--missing",
            help="Only blank cells: what an entity lacks that its like usually have.",
        ),
    ] = False,
    schema: Annotated[
        Path | None,
        typer.Option(
            help="TOML file that states domains, ranges and what is single, with --missing.",
            show_default=False,
        ),
    ] = None,
    batch_size: BatchSizeOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Begin again, whatever was stopped before.")
    ] = False,
    run: RunOption = None,
    device: DeviceOption = "auto",
    data: RunDataOption = None,
    runs_folder: RunsDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the most plausible facts that the graph does not hold, best first."""
    from mygo_cli.completion.questions import Request
    from mygo_cli.runs.expected import expected_of
    from mygo_cli.runs.facts import named_facts, outlook
    from mygo_cli.runs.opened import open_run

    request = Request(top, relation, entity, side, pairs, unlinked, missing, schema)
    if output is not None:
        kind = _format_of_file(output, kind)
        opened = open_run(run, data, device, runs_folder)
        found = _into_file(output, kind, opened, request, batch_size, force)
        say_what_was_done(output, found, as_json)
        return
    show = _way_to_show(kind, as_json, force)
    opened = open_run(run, data, device, runs_folder)
    with console.bars() as progress:
        found = opened.find_facts(request, batch_size, progress=progress)
        curve = expected_of(opened, request, batch_size, progress)
    show(named_facts(opened.graph, found.facts, curve))
    if said := outlook(found.facts, curve):
        log.info(said)


def _format_of_file(output: Path, kind: records.Format | None) -> records.Format:
    """Return the format to write; raise before anything is computed."""
    if output.is_dir():
        raise UsageError(f"--output {output} is a folder.", "Name a file in it.")
    return records.format_of(output, kind)


def _into_file(
    output: Path,
    kind: records.Format,
    opened: Run,
    request: Request,
    batch_size: int | None,
    force: bool,
) -> Completion:
    """Write the facts of a request to a file, going on where it was stopped before."""
    from mygo_cli.completion.unfinished import Unfinished
    from mygo_cli.files import file_sha256
    from mygo_cli.runs.expected import expected_of
    from mygo_cli.runs.facts import Fact, named_facts, outlook
    from mygo_cli.runs.rows import columns, record

    settings = {"model": file_sha256(opened.folder.best), **request.as_settings(opened.graph)}
    unfinished = Unfinished(output.with_name(output.name + ".unfinished"), settings, force)
    with console.bars() as progress:
        found = opened.find_facts(request, batch_size, unfinished, progress)
        curve = expected_of(opened, request, batch_size, progress)
    rows = map(record, named_facts(opened.graph, found.facts, curve))
    records.save_rows(output, kind, columns(Fact), rows)
    unfinished.remove()
    if said := outlook(found.facts, curve):
        log.info(said)
    return found


def _way_to_show(
    kind: records.Format | None, as_json: bool, force: bool
) -> Callable[[Iterable[Fact]], None]:
    """Return what prints facts on the terminal; raise before anything is computed."""
    if force:
        raise UsageError("--force begins a file again.", "Name it with --output.")
    if kind == "parquet":
        raise UsageError("--format parquet needs a file.", "Name one with --output.")
    if kind is None:
        return _print_json if as_json else _print_table
    if as_json:
        raise UsageError(f"--json and --format {kind} exclude each other.")
    return partial(_print_text, kind)


def _print_json(facts: Iterable[Fact]) -> None:
    from mygo_cli.runs.rows import record

    console.print_json(list(map(record, facts)))


def _print_text(kind: records.TextFormat, facts: Iterable[Fact]) -> None:
    from mygo_cli.runs.facts import Fact
    from mygo_cli.runs.rows import columns, record

    records.write_rows(data_output(), kind, columns(Fact), map(record, facts))


def _print_table(facts: Iterable[Fact]) -> None:
    from mygo_cli.runs.facts import Fact
    from mygo_cli.runs.rows import Rows

    rows = Rows(Fact, facts)
    console.table(rows.headers, rows.cells())


def say_what_was_done(output: Path, found: Completion, as_json: bool) -> None:
    """Print one line, or the same as JSON."""
    facts = len(found.facts.key)
    if as_json:
        numbers = {"questions": found.questions, "asked": found.asked, "seconds": found.seconds}
        console.print_json({"output": str(output), "facts": facts, **numbers})
        return
    speed = f", {found.asked / found.seconds:,.0f} a second" if found.asked else ""
    console.result(f"{output}: {facts:,} facts from {found.questions:,} questions{speed}")
