"""Triples and questions given by ids or display names, as rows of a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from mygo_cli.errors import DataError, UsageError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.rows import TRIPLES, Layout, rows_in, stop
from mygo_cli.graph.text_files import STANDARD_INPUT, FileFault, read_text
from mygo_cli.graph.triples import Triples
from mygo_cli.ranking.answers import Question, find_question

MISSING = "?"
QUESTIONS = replace(
    TRIPLES,
    rows="questions",
    if_empty="Write one a line: head, relation and tail, with ? for the missing side.",
)
Found = TypeVar("Found")


def find_triples(
    graph: KnowledgeGraph, triples: Triples | Iterable[tuple[str, str, str]]
) -> Triples:
    """Return triples, names or rows already, as rows of the graph, int64 (T, 3).

    Raises `UsageError` for an unknown name or row, and for what is no three of them.
    """
    if isinstance(triples, np.ndarray) and np.issubdtype(triples.dtype, np.integer):
        return _checked_rows(graph, triples)
    named = list(triples)
    if wrong := [each for each in named if not _are_three(each)]:
        raise UsageError(f"{wrong[0]!r} is no fact.", "Give head, relation and tail of each.")
    found = [
        (graph.find_entity(head), graph.find_relation(relation), graph.find_entity(tail))
        for head, relation, tail in named
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 3)


def _checked_rows(graph: KnowledgeGraph, rows: Triples) -> Triples:
    """Return rows of triples; raise `UsageError` where they are of another shape or graph."""
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise UsageError(f"Rows of shape {rows.shape} are no triples.", "Give an array (T, 3).")
    counts = len(graph.entities), len(graph.relations), len(graph.entities)
    if len(wrong := rows[((rows < 0) | (rows >= counts)).any(1)]):
        raise UsageError(
            f"{wrong[0].tolist()} is no fact of {graph.name}.",
            f"Its {counts[0]:,} entities and {counts[1]:,} relations are numbered from 0.",
        )
    return rows.astype(np.int64)


def _are_three(each: object) -> bool:
    return isinstance(each, Sized) and not isinstance(each, str) and len(each) == 3


def read_triples(path: Path, graph: KnowledgeGraph) -> Triples:
    """Return the triples of a file, int64 (T, 3), by id or display name.

    Raises `DataError` with the line of a name that the graph does not have.
    """

    def triple(head: str, relation: str, tail: str) -> Triples:
        return find_triples(graph, [(head, relation, tail)])

    return np.concatenate(_found_in(path, text_of(path), TRIPLES, triple))


def questions_in(path: Path, text: str, graph: KnowledgeGraph) -> list[Question]:
    """Return the questions of a file's text, with ? for the missing side.

    Raises `DataError` with the line of what is no question, and of an unknown name.
    """

    def question(head: str, relation: str, tail: str) -> Question:
        if (head == MISSING) == (tail == MISSING):
            raise UsageError("not a question.", "Write ? for either the head or the tail.")
        return find_question(
            graph, None if head == MISSING else head, relation, None if tail == MISSING else tail
        )

    return _found_in(path, text, QUESTIONS, question)


def text_of(path: Path) -> str:
    """Return the text of a file, or of standard input; raise `DataError` where there is none."""
    if path != STANDARD_INPUT and not path.is_file():
        raise DataError(f"{path}: no such file.")
    return read_text(path)


def _found_in(
    path: Path, text: str, layout: Layout, find: Callable[[str, str, str], Found]
) -> list[Found]:
    """Return what `find` makes of each line; its `UsageError` becomes the fault of the line."""
    found = []
    for line, (head, relation, tail) in rows_in(path, text, layout, stop):
        try:
            found.append(find(head, relation, tail))
        except UsageError as error:
            raise FileFault(path, line, error.problem, error.way_out) from error
    return found
