"""`mygo rank`: the most plausible answers to questions about a graph."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mygo_cli import console, records
from mygo_cli.commands.options import (
    DeviceOption,
    JsonOption,
    RunDataOption,
    RunOption,
    RunsDirOption,
)
from mygo_cli.errors import DataError, UsageError
from mygo_cli.folders import runs_dir

if TYPE_CHECKING:
    from mygo_cli.graph.knowledge_graph import KnowledgeGraph
    from mygo_cli.ranking.answers import Prediction, Question

COLUMNS = {
    "rank": int,
    "head": str,
    "relation": str,
    "tail": str,
    "asked": str,
    "name": str,
    "score": float,
    "probability": float,
    "known": str,
}
Answered = list[tuple["Question", list["Prediction"]]]


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
    single = (head, relation, tail)
    if (questions is None) == (relation is None):
        raise UsageError(
            "Ask one question or a file of them.",
            "mygo rank --head X --relation R, mygo rank --relation R --tail Y, "
            "or mygo rank --file QUESTIONS.tsv",
        )
    if questions is not None and any(single):
        raise UsageError("--file brings its own heads, relations and tails.", "Leave them out.")
    graph, answered = rank_questions(
        single, questions, top, hide_known, run, runs_dir(runs_folder), data, device
    )
    rows = [row for asked, found in answered for row in _rows(graph, asked, found)]
    if as_json:
        console.print_json(rows)
    elif as_csv:
        records.write_rows(sys.stdout, "csv", COLUMNS, rows)
    else:
        for asked, found in answered:
            print_answers(graph, asked, found)


def rank_questions(
    single: tuple[str | None, str | None, str | None],
    questions: Path | None,
    top: int,
    hide_known: bool,
    run: Path | None,
    runs: Path,
    data: Path | None,
    device: str,
) -> tuple[KnowledgeGraph, Answered]:
    """Return the graph and each question with its answers. Nothing is scored if one is wrong."""
    from mygo_cli.commands.open_run import open_run
    from mygo_cli.ranking.answers import find_question, predict

    trained, graph = open_run(run, runs, data, device)
    if questions is None:
        head, relation, tail = single
        asked = [find_question(graph, head, relation or "", tail)]
    else:
        asked = read_questions(questions, graph)
    found = predict(trained.score, graph, asked, top, hide_known)
    return graph, list(zip(asked, found, strict=True))


def read_questions(path: Path, graph: KnowledgeGraph) -> list[Question]:
    """Return the questions of a file; raise `DataError` with the line number of a wrong one."""
    from mygo_cli.ranking.answers import find_question

    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8: {error}.", "Save it as UTF-8.") from error
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        parts = [part.strip() for part in line.split("\t")]
        if len(parts) != 3 or (parts[0] == "?") == (parts[2] == "?"):
            raise DataError(
                f"{path}:{number}: not a question.",
                "Write head, relation and tail, tab-separated, with ? for one side.",
            )
        head, relation, tail = (None if part == "?" else part for part in parts)
        try:
            found.append(find_question(graph, head, relation or "?", tail))
        except UsageError as error:
            raise DataError(f"{path}:{number}: {error.problem}", error.way_out) from error
    if not found:
        raise DataError(f"{path} holds no questions.")
    return found


def _rows(graph: KnowledgeGraph, asked: Question, found: list[Prediction]) -> list[dict[str, Any]]:
    """Return answers as flat records with the whole fact in each."""
    rows = []
    for answer in found:
        head = answer.entity if asked.head is None else asked.head
        tail = answer.entity if asked.tail is None else asked.tail
        rows.append(
            {
                "rank": answer.rank,
                "head": graph.entities[head],
                "relation": graph.relations[asked.relation],
                "tail": graph.entities[tail],
                "asked": "head" if asked.head is None else "tail",
                "name": graph.names[answer.entity],
                "score": answer.score,
                "probability": answer.probability,
                "known": answer.known,
            }
        )
    return rows


def print_answers(graph: KnowledgeGraph, asked: Question, found: list[Prediction]) -> None:
    """Print one question and the table of its answers."""
    head = "?" if asked.head is None else graph.names[asked.head]
    tail = "?" if asked.tail is None else graph.names[asked.tail]
    rows = [
        (
            answer.rank,
            graph.entities[answer.entity],
            graph.names[answer.entity],
            answer.score,
            answer.probability,
            f"known ({answer.known})" if answer.known else "new",
        )
        for answer in found
    ]
    console.table(
        ("rank", "entity", "name", "score", "probability", "fact"),
        rows,
        title=f"({head}, {graph.relations[asked.relation]}, {tail})",
    )
