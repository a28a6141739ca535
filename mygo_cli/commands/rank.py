"""`mygo rank`: the most plausible answers to questions about a graph."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mygo_cli import console, records
from mygo_cli.commands.options import (
    DeviceOption,
    JsonOption,
    RunDataOption,
    RunOption,
    RunsDirOption,
)
from mygo_cli.errors import UsageError
from mygo_cli.streams import data_output


def rank(
    head: Annotated[
        str | None, typer.Option(help="Known head; its missing tails are ranked.")
    ] = None,
    relation: Annotated[str | None, typer.Option(help="Relation of the missing fact.")] = None,
    tail: Annotated[
        str | None, typer.Option(help="Known tail; its missing heads are ranked.")
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="Ask every line of this file: head, relation, tail, tab-separated, with ? for "
            "the missing side.",
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
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """Rank the missing side of a fact, best first. Ids or display names, any capitals."""
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other.")
    if (questions is None) == (relation is None):
        raise UsageError(
            "Ask one question or a file of them.",
            "mygo rank --head X --relation R, mygo rank --relation R --tail Y, "
            "or mygo rank --file QUESTIONS.tsv",
        )
    if questions is not None and any((head, relation, tail)):
        raise UsageError("--file brings its own heads, relations and tails.", "Leave them out.")
    from mygo_cli.ranking.named_rows import read_questions
    from mygo_cli.runs.answers import Answer
    from mygo_cli.runs.opened import open_run
    from mygo_cli.runs.rows import columns

    opened = open_run(run, data, device, runs_folder)
    if questions is not None:
        found = opened.rank_all(read_questions(questions, opened.graph), top, hide_known)
    else:
        found = [opened.rank(head, relation, tail, top, hide_known)]
    rows = [each for answers in found for each in answers.records()]
    if as_json:
        console.print_json(rows)
    elif as_csv:
        records.write_rows(data_output(), "csv", columns(Answer), rows)
    else:
        for answers in found:
            console.table(answers.headers, answers.cells(), title=answers.title)
