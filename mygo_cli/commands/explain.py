"""`mygo explain`: what an answer rests on, token by token."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mygo_cli import console
from mygo_cli.commands import completing
from mygo_cli.commands.options import (
    DeviceOption,
    OneRunOption,
    RunDataOption,
    RunsDirOption,
)
from mygo_cli.commands.output import HTML, PNG, TERMINAL, Output, check_file

if TYPE_CHECKING:
    from mygo_cli.runs.explained import Explained
    from mygo_cli.runs.run import Run


def explain(
    head: Annotated[
        str | None, typer.Option(help="Head of the fact.", autocompletion=completing.entities)
    ] = None,
    relation: Annotated[
        str | None, typer.Option(help="Relation of the fact.", autocompletion=completing.relations)
    ] = None,
    tail: Annotated[
        str | None, typer.Option(help="Tail of the fact.", autocompletion=completing.entities)
    ] = None,
    ask: Annotated[
        Literal["tail", "head"], typer.Option(help="Which side of a whole fact is the answer.")
    ] = "tail",
    top: Annotated[int, typer.Option(min=1, help="How many changes to show.")] = 12,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with tinted pictures and words.")
    ] = None,
    png: Annotated[
        Path | None, typer.Option("--png", help="Draw them as one picture, for a slide or paper.")
    ] = None,
    run: OneRunOption = None,
    device: DeviceOption = "auto",
    data: RunDataOption = None,
    runs_folder: RunsDirOption = None,
    out: Output = TERMINAL,
) -> None:
    """Say what an answer rests on: its score and rank without each token and the structure."""
    from mygo_cli.runs.explained import explain_answer
    from mygo_cli.runs.opened import open_run
    from mygo_cli.runs.rows import columns

    check_file(html, "--html", HTML)
    check_file(png, "--png", PNG)
    opened = open_run(run, data, device, runs_folder)
    found = explain_answer(opened, head, relation, tail, ask)
    if html is not None:
        _write(html, opened, found)
    if png is not None:
        found.save_png(png)
        console.info(f"Wrote {png}.")
    rows = found.losses.records()
    shown = partial(_print, opened, found, top)
    out.give(shown, found.record(), rows, columns(found.losses.kind))


def _print(run: Run, found: Explained, top: int) -> None:
    """Print the answer and its largest changes, its rivals, and the facts nearest to it."""
    console.result(f"{found.losses.title}: score {found.score:.4f}, rank {found.rank}")
    shown = found.losses[:top]
    console.table(shown.headers, shown.cells())
    rivals = [
        (f"answer {each.rank}", each.name, each.score, each.probability, each.standing)
        for each in found.rivals
    ]
    headers = ("answer", "name", "score", "probability", "fact")
    console.table(headers, rivals, bare=True)
    if found.near:
        console.result("Nearest training facts, by the cosines of both entities (near, no cause):")
        near = [
            (each.head_name, each.relation, each.tail_name, each.head_cosine, each.tail_cosine)
            for each in found.near
        ]
        console.table(found.near.headers, near, bare=True)
    if run.settings.tokens.used and not found.sources:
        less = "numbered" if run.model.experts is None else "masked all at once only"
        console.info(f"The token caches that the run was trained on are gone: tokens are {less}.")


def _write(path: Path, run: Run, found: Explained) -> None:
    from mygo_cli.files import as_utf8, atomic_write
    from mygo_cli.pages.explain_page import explain_page

    with atomic_write(path) as file:
        file.write(as_utf8(explain_page(run, found)))
    console.info(f"Wrote {path}.")
