"""`mygo complete`: the most plausible facts that a graph does not hold."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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
from mygo_cli.errors import DataError, UsageError
from mygo_cli.folders import runs_dir

if TYPE_CHECKING:
    from mygo_cli.completion.completion import Completion
    from mygo_cli.completion.search import Facts
    from mygo_cli.completion.unfinished import Unfinished
    from mygo_cli.graph.knowledge_graph import KnowledgeGraph
    from mygo_cli.model.queries import Queries
    from mygo_cli.runs.opened import Trained

COLUMNS = {
    "rank": int,
    "head": str,
    "relation": str,
    "tail": str,
    "head_name": str,
    "tail_name": str,
    "asked": str,
    "plausibility": float,
    "probability": float,
    "score": float,
}


@dataclass(frozen=True)
class Wish:
    """What to find. `relation` and `entity` are rows of the graph, None for all."""

    top: int
    relation: int | None
    entity: int | None
    side: Literal["head", "tail", "both"]
    pairs: Literal["seen", "all"]
    batch_size: int | None


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
    from mygo_cli.commands.open_run import open_run

    if pairs == "all" and relation is None and entity is None:
        raise UsageError(
            "--pairs all asks of very many pairs.", "Name a --relation or an --entity with it."
        )
    kind = _checked_format(output, kind, as_json, force)
    trained, graph = open_run(run, runs_dir(runs_folder), data, device)
    chosen_relation = None if relation is None else graph.find_relation(relation)
    chosen_entity = None if entity is None else graph.find_entity(entity)
    wish = Wish(top, chosen_relation, chosen_entity, side, pairs, batch_size)
    state = None if output is None else _unfinished(output, wish, trained, graph, force)
    found = find(wish, trained, graph, state)
    rows = fact_rows(graph, found.facts)
    if output is not None and state is not None and kind is not None:
        records.save_rows(output, kind, COLUMNS, rows)
        state.remove()
        say_what_was_done(output, found, as_json)
    elif as_json:
        console.print_json(list(rows))
    elif kind is not None and kind != "parquet":
        records.write_rows(sys.stdout, kind, COLUMNS, rows)
    else:
        print_facts(rows)


def _checked_format(
    output: Path | None, kind: records.Format | None, as_json: bool, force: bool
) -> records.Format | None:
    """Return the format to write, None for a table; raise before anything is computed."""
    if force and output is None:
        raise UsageError("--force begins a file again.", "Name it with --output.")
    if output is not None:
        if output.is_dir():
            raise UsageError(f"--output {output} is a folder.", "Name a file in it.")
        return records.format_of(output, kind)
    if kind == "parquet":
        raise UsageError("--format parquet needs a file.", "Name one with --output.")
    if kind is not None and as_json:
        raise UsageError(f"--json and --format {kind} exclude each other.")
    return kind


def find(
    wish: Wish, trained: Trained, graph: KnowledgeGraph, unfinished: Unfinished | None = None
) -> Completion:
    """Return the facts that a model finds; `unfinished` says where it was stopped before."""
    from mygo_cli.completion.completion import find_facts
    from mygo_cli.device import Portion
    from mygo_cli.ranking.scorer import block_size

    queries = _queries(wish, graph)
    portion = Portion(wish.batch_size or block_size(len(graph.entities)), "questions")
    with console.bars() as watch:
        return find_facts(
            trained.score,
            graph,
            queries,
            wish.top,
            portion,
            unfinished,
            lambda done, total: watch("ask", done, total),
        )


def _queries(wish: Wish, graph: KnowledgeGraph) -> Queries:
    """Return what to ask; raise `DataError` where that is nothing."""
    from mygo_cli.completion.questions import all_questions, seen_questions

    questions = all_questions if wish.pairs == "all" else seen_questions
    queries = questions(graph, wish.relation, wish.entity, wish.side)
    if not len(queries.entity):
        raise DataError(
            f"{graph.name} holds no fact that answers such a question.",
            "Give --pairs all to ask nevertheless.",
        )
    return queries


def _unfinished(
    output: Path, wish: Wish, trained: Trained, graph: KnowledgeGraph, force: bool
) -> Unfinished:
    """Return the file that notes how far it is."""
    from mygo_cli.completion.completion import known_facts_sha256
    from mygo_cli.completion.unfinished import Unfinished
    from mygo_cli.files import file_sha256

    settings: dict[str, str | int] = {
        "model": file_sha256(trained.folder.best),
        "graph": known_facts_sha256(graph),
        "--top": wish.top,
        "--relation": "" if wish.relation is None else graph.relations[wish.relation],
        "--entity": "" if wish.entity is None else graph.entities[wish.entity],
        "--side": wish.side,
        "--pairs": wish.pairs,
    }
    return Unfinished(output.with_name(output.name + ".unfinished"), settings, force)


def fact_rows(graph: KnowledgeGraph, facts: Facts) -> Iterator[dict[str, Any]]:
    """Yield facts as flat records."""
    relations, entities = len(graph.relations), len(graph.entities)
    columns = zip(*(column.tolist() for column in facts), strict=True)
    for rank, (key, plausibility, probability, score, asked_head) in enumerate(columns, 1):
        pair, tail = divmod(key, entities)
        head, relation = divmod(pair, relations)
        yield {
            "rank": rank,
            "head": graph.entities[head],
            "relation": graph.relations[relation],
            "tail": graph.entities[tail],
            "head_name": graph.names[head],
            "tail_name": graph.names[tail],
            "asked": "head" if asked_head else "tail",
            "plausibility": math.exp(plausibility),
            "probability": math.exp(probability),
            "score": score,
        }


def print_facts(rows: Iterable[dict[str, Any]]) -> None:
    """Print facts as a table, entities by their names."""
    columns = ("rank", "head_name", "relation", "tail_name", "asked", "plausibility", "probability")
    headers = [name.removesuffix("_name") for name in columns]
    console.table(headers, [[row[name] for name in columns] for row in rows])


def say_what_was_done(output: Path, found: Completion, as_json: bool) -> None:
    """Print one line, or the same as JSON."""
    facts = len(found.facts.key)
    if as_json:
        numbers = {"questions": found.questions, "asked": found.asked, "seconds": found.seconds}
        console.print_json({"output": str(output), "facts": facts, **numbers})
        return
    speed = f", {found.asked / found.seconds:,.0f} a second" if found.asked else ""
    console.result(f"{output}: {facts:,} facts from {found.questions:,} questions{speed}")
