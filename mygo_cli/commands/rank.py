"""`mygo rank`: the most plausible answers to questions about a graph."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from mygo_cli.commands import completing
from mygo_cli.commands.options import (
    DeviceOption,
    RunDataOption,
    RunOption,
    RunsDirOption,
)
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.errors import UsageError

WAYS = (
    "mygo rank --head X --relation R, mygo rank --relation R --tail Y, mygo rank --head X --tail Y"
)
UNSEEN = 'mygo rank --head-image FILE --head-text "..." --relation R, or --tail-image, --tail-text'
NOTHING: tuple[list[Path], str | None] = [], None  # told of a side that a name stands for


def rank(
    head: Annotated[
        str | None,
        typer.Option(
            help="Known head: ranks tails, or relations with --tail.",
            autocompletion=completing.entities,
        ),
    ] = None,
    relation: Annotated[
        str | None,
        typer.Option(help="Relation of the missing fact.", autocompletion=completing.relations),
    ] = None,
    tail: Annotated[
        str | None,
        typer.Option(
            help="Known tail: ranks heads, or relations with --head.",
            autocompletion=completing.entities,
        ),
    ] = None,
    head_image: Annotated[
        list[Path] | None,
        typer.Option(help="Picture of a head that the graph has not; several may be given."),
    ] = None,
    head_text: Annotated[
        str | None, typer.Option(help="Description of a head that the graph has not.")
    ] = None,
    tail_image: Annotated[
        list[Path] | None, typer.Option(help="Picture of a tail that the graph has not.")
    ] = None,
    tail_text: Annotated[
        str | None, typer.Option(help="Description of a tail that the graph has not.")
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="Ask every line of this file: head, relation, tail, with ? for the missing side, "
            "separated by tabs, or by commas in .csv, each also .gz; - reads standard input. A "
            "header with head_image, head_text, tail_image or tail_text: about unseen entities.",
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many answers to show.")] = 10,
    hide_known: Annotated[
        bool, typer.Option("--hide-known", help="Show only facts that the graph does not hold.")
    ] = False,
    run: RunOption = None,
    device: DeviceOption = "auto",
    data: RunDataOption = None,
    runs_folder: RunsDirOption = None,
    out: Output = TERMINAL,
) -> None:
    """Rank what is missing of a fact: a side, or the relation. Ids or display names."""
    sides = (head_image or [], head_text), (tail_image or [], tail_text)
    described = [each for each in sides if each != NOTHING]
    if described:
        _check_unseen(relation, (head, tail, questions), len(described))
    else:
        places = {"--run": run, "--data": data, "--runs-dir": runs_folder}
        _check_question(head, relation, tail, questions, places)
    from mygo_cli.runs.opened import open_run
    from mygo_cli.runs.question_files import rank_file
    from mygo_cli.runs.unseen import Unseen

    opened = open_run(run, data, device, runs_folder)
    if questions is not None:
        out.give_rows(*rank_file(opened, questions, top, hide_known))
        return
    first, last = (
        name if told == NOTHING else Unseen(*told)
        for name, told in zip((head, tail), sides, strict=True)
    )
    out.give_rows(opened.rank(first, relation, last, top, hide_known))


def _check_unseen(relation: str | None, others: Sequence[object], described: int) -> None:
    """Raise `UsageError` unless one side is `described`, with the relation and none of `others`."""
    if described > 1 or any(each is not None for each in others):
        raise UsageError(
            "An unseen entity takes the place of one side, and the other side is asked for.", UNSEEN
        )
    if relation is None:
        raise UsageError("Which relation of the unseen entity is asked?", UNSEEN)


def _check_question(
    head: str | None,
    relation: str | None,
    tail: str | None,
    questions: Path | None,
    places: Mapping[str, object],
) -> None:
    """Raise `UsageError` unless there is one question, or a file of them: no run is read yet."""
    whole = (head, relation, tail)
    given = sum(name is not None for name in whole)
    if questions is not None and given:
        raise UsageError("--file brings its own heads, relations and tails.", "Leave them out.")
    if questions is None and not given:
        raise UsageError(
            "Ask one question or a file of them.", f"{WAYS}, or mygo rank --file QUESTIONS.tsv"
        )
    if given == 1:
        raise UsageError("Give two of --head, --relation and --tail.", WAYS)
    if given == 3:
        asked = [*whole, *(word for pair in places.items() if pair[1] is not None for word in pair)]
        raise UsageError(
            "That is a whole fact, of which nothing is missing.",
            f"Leave one of the three out, or ask: mygo score {shlex.join(map(str, asked))}",
        )
