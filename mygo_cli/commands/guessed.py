"""What `mygo init` says: what it takes each column for, what it leaves out, what it wrote."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mygo_cli import console
from mygo_cli.commands import imported
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.imports.table_graph import Gathered
from mygo_cli.imports.table_reading import BETWEEN
from mygo_cli.imports.table_roles import FactTable, Guess

LONGEST = 40  # characters of an example


@dataclass(frozen=True)
class Plan:
    """What is to be written where, and the picture files of each entity."""

    folder: Path
    guesses: Sequence[Guess]
    found: Gathered
    pictures: Mapping[str, Sequence[Path]]

    @property
    def described(self) -> int:
        """How many entities have a description."""
        return sum(map(bool, self.found.texts.values()))


def show_plan(plan: Plan) -> None:
    """Print what each column is taken for, three facts, what is left out and what is kept."""
    rows = [row for guess in plan.guesses for row in _rows(guess)]
    console.table(("table", "a row is", "column", "is", "example"), rows)
    console.table(("head", "relation", "tail"), plan.found.examples, title="Facts, for example")
    if left_out := plan.found.left_out.rows():
        console.table(("left out", "count", "for example"), left_out)
    relations = len({relation for _, relation, _ in plan.found.facts})
    console.result(
        f"{len(plan.found.entities):,} entities, {relations:,} relations, "
        f"{len(plan.found.facts):,} facts; {_media(plan)}"
    )


def _rows(guess: Guess) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield a row for each column, those that are left out last."""
    kind = "a fact" if isinstance(guess, FactTable) else "an item"
    for role, column, separator in guess.roles:
        split = f", several at {separator}" if separator else ""
        yield guess.table.name, kind, column.name, role + split, _example(column.cells)
    for reason, column in guess.unused:
        yield guess.table.name, kind, column.name, f"left out: {reason}", _example(column.cells)


def _example(cells: Sequence[str]) -> str:
    first = cells[0].rstrip(BETWEEN) if cells else ""
    line = " ".join(first.replace(BETWEEN, "; ").split())
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."


def _media(plan: Plan) -> str:
    count = sum(map(len, plan.pictures.values()))
    return f"{count:,} pictures of {len(plan.pictures):,} entities, {plan.described:,} descriptions"


def show_written(plan: Plan, graph: KnowledgeGraph) -> None:
    """Print where the graph lies, how large it is and how to train."""
    imported.show_graph(graph)
    console.result(f"       {_media(plan)}")
    console.result(f"Next: {' && '.join(next_steps(plan, graph))}")


def next_steps(plan: Plan, graph: KnowledgeGraph) -> list[str]:
    """Return the commands that train on the graph; tokens come first if it has what makes them."""
    data = f"--data {shlex.quote(str(graph.folder))}"
    holdout = "" if len(graph.valid) else " --holdout 0.05"
    tokenize = [f"mygo tokenize {data}"] if plan.pictures or plan.described else []
    return [*tokenize, f"mygo train {data}{holdout}"]


def as_json(plan: Plan, graph: KnowledgeGraph) -> dict[str, Any]:
    """Return what was guessed, left out and written as plain values."""
    keys = ("table", "row", "column", "is", "example")
    left_out = ("what", "count", "example")
    return {
        **imported.graph_as_json(graph),
        "pictures": sum(map(len, plan.pictures.values())),
        "entities_with_pictures": len(plan.pictures),
        "descriptions": plan.described,
        "columns": [
            dict(zip(keys, row, strict=True)) for guess in plan.guesses for row in _rows(guess)
        ],
        "left_out": [dict(zip(left_out, row, strict=True)) for row in plan.found.left_out.rows()],
        "next": next_steps(plan, graph),
    }
