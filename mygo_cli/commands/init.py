"""`mygo init`: a graph from the tables and pictures that people have."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mygo_cli import console
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.errors import UsageError

if TYPE_CHECKING:
    from mygo_cli.commands.guessed import Plan

COLUMNS = "Columns"  # their panel in the help


def _column(meaning: str, flag: str) -> typer.models.OptionInfo:
    """Return an option that names a column."""
    found: typer.models.OptionInfo = typer.Option(
        flag, metavar="COLUMN", help=meaning, rich_help_panel=COLUMNS
    )
    return found


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to write (docs/own-graph.md).")],
    tables: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="TABLE",
            help="Tables of facts or of items: CSV, TSV, JSON, JSON Lines, Parquet, Excel.",
        ),
    ] = None,
    items: Annotated[
        list[Path] | None,
        typer.Option("--items", help="Table with a row an item for sure, repeatable."),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(
            "--images",
            help="Folder of pictures called after entities (x.png, x_2.jpg), a folder each, or "
            "named in a column.",
        ),
    ] = None,
    head: Annotated[list[str] | None, _column("Head of a fact, for each table.", "--head")] = None,
    relation: Annotated[
        list[str] | None,
        _column("Relation of a fact; of items a property, repeatable, numbers too.", "--relation"),
    ] = None,
    tail: Annotated[list[str] | None, _column("Tail of a fact, for each table.", "--tail")] = None,
    entity_id: Annotated[
        list[str] | None, _column("Id of an item, for each table.", "--id")
    ] = None,
    name: Annotated[
        list[str] | None, _column("Display name of an item, for each table.", "--name")
    ] = None,
    text: Annotated[
        list[str] | None, _column("Description of an item, for each table.", "--text")
    ] = None,
    image: Annotated[
        list[str] | None, _column("Picture files of an item, repeatable.", "--image")
    ] = None,
    skip: Annotated[list[str] | None, _column("Leave it out, repeatable.", "--skip")] = None,
    separator: Annotated[
        str | None,
        typer.Option(
            help='What separates the values of a cell; "" where there is one a cell. '
            "Default: ; or | where a column has it.",
            show_default=False,
            rich_help_panel=COLUMNS,
        ),
    ] = None,
    unify_names: Annotated[
        bool,
        typer.Option(
            "--unify",
            help="Take names that differ only in Unicode form, blanks or capitals for one.",
        ),
    ] = False,
    valid: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of the facts for validation.")
    ] = 0.0,
    test: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of the facts for the test.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed that draws these shares.")] = 0,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    out: Output = TERMINAL,
) -> None:
    """Make a graph of your own tables and pictures: say what each column is, ask, write it."""
    from mygo_cli.commands import guessed
    from mygo_cli.imports.table_folder import Shares, refuse_full_folder, write_graph
    from mygo_cli.imports.table_graph import gather
    from mygo_cli.imports.table_guess import read_and_guess
    from mygo_cli.imports.table_names import unify
    from mygo_cli.imports.table_pictures import find_pictures
    from mygo_cli.imports.table_roles import Typed

    if not (tables or items):
        raise UsageError("No table is named.", f"mygo init {folder} TABLE")
    refuse_full_folder(folder)
    typed = Typed(
        head=tuple(head or ()),
        relation=tuple(relation or ()),
        tail=tuple(tail or ()),
        id=tuple(entity_id or ()),
        name=tuple(name or ()),
        text=tuple(text or ()),
        image=tuple(image or ()),
        skip=tuple(skip or ()),
        separator=separator,
    )
    guesses = read_and_guess(tables or (), items or (), typed)
    found = unify(gather(guesses)) if unify_names else gather(guesses)
    plan = guessed.Plan(folder, guesses, found, find_pictures(found, images))
    if out == TERMINAL:
        guessed.show_plan(plan)
    if not yes:
        _ask(plan, shown=out == TERMINAL)
    with console.bars(transient=True) as progress:
        graph = write_graph(folder, found, plan.pictures, Shares(valid, test, seed), progress)
    out.give(partial(guessed.show_written, plan, graph), guessed.as_json(plan, graph))


def _ask(plan: Plan, shown: bool) -> None:
    """Go on if the person at the terminal says so; raise `UsageError` where there is none.

    And where the plan was not `shown`: nobody can say then.
    """
    if not (shown and sys.stdin.isatty()):
        where = "here" if shown else "with --format or --output"
        raise UsageError(
            f"Nothing is written yet, and {where} nobody is asked whether the columns are right.",
            f"If they are: mygo {shlex.join(sys.argv[1:])} --yes",
        )
    if not typer.confirm(f"Write {plan.folder}?", default=True, err=True):
        console.info("Nothing was written. Name the columns that are others: mygo init --help")
        raise typer.Exit(1)
