"""`mygo complete`: the most plausible facts that a graph does not hold."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mygo_cli import console
from mygo_cli.commands import completing
from mygo_cli.commands.options import (
    BatchSizeOption,
    DeviceOption,
    RunDataOption,
    RunOption,
    RunsDirOption,
)
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.errors import UsageError

if TYPE_CHECKING:
    from mygo_cli.completion.completion import Completion
    from mygo_cli.completion.questions import Request
    from mygo_cli.completion.unfinished import Unfinished
    from mygo_cli.runs.run import Run

log = logging.getLogger(__name__)


def complete(
    top: Annotated[int, typer.Option(min=1, help="How many facts to find.")] = 100,
    relation: Annotated[
        str | None,
        typer.Option(help="Ask about this relation only.", autocompletion=completing.relations),
    ] = None,
    entity: Annotated[
        str | None,
        typer.Option(help="Ask about this entity only.", autocompletion=completing.entities),
    ] = None,
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
    out: Output = TERMINAL,
) -> None:
    """Find the most plausible facts that the graph does not hold, best first."""
    from mygo_cli.completion.questions import Request
    from mygo_cli.runs.expected import expected_of
    from mygo_cli.runs.facts import Fact, named_facts, outlook
    from mygo_cli.runs.opened import open_run
    from mygo_cli.runs.rows import Rows, columns, record

    if force and out.path is None:
        raise UsageError("--force begins a file again.", "Name it with --output.")
    opened = open_run(run, data, device, runs_folder)
    request = Request(top, relation, entity, side, pairs, unlinked, missing, schema)
    unfinished = _unfinished(out.path, opened, request, force)
    with console.bars() as progress:
        found = opened.find_facts(request, batch_size, unfinished, progress)
        curve = expected_of(opened, request, batch_size, progress)
    facts = list(named_facts(opened.graph, found.facts, curve))

    def show() -> None:
        rows = Rows(Fact, facts)
        console.table(rows.headers, rows.cells())

    out.give(show, None, map(record, facts), columns(Fact), _what_was_done(found))
    if unfinished is not None:
        unfinished.remove()
    if said := outlook(found.facts, curve):
        log.info(said)


def _unfinished(path: Path | None, opened: Run, request: Request, force: bool) -> Unfinished | None:
    """Return what keeps the facts found so far beside the file, if one is to be written."""
    from mygo_cli.completion.unfinished import Unfinished
    from mygo_cli.files import file_sha256

    if path is None:
        return None
    model = "+".join(file_sha256(folder.best) for folder in opened.folders)
    settings = {"model": model, **request.as_settings(opened.graph)}
    return Unfinished(path.with_name(path.name + ".unfinished"), settings, force)


def _what_was_done(found: Completion) -> tuple[str, dict[str, float]]:
    """Return what is said about a file of facts, in words and as numbers."""
    facts = len(found.facts.key)
    speed = f", {found.asked / found.seconds:,.0f} a second" if found.asked else ""
    numbers = {"questions": found.questions, "asked": found.asked, "seconds": found.seconds}
    return f"{facts:,} facts from {found.questions:,} questions{speed}", {"facts": facts, **numbers}
