"""Questions that a page shows with their answers, and pictures of who is in them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.thumbnails import Thumbnails
from mygo_cli.graph.triples import Triples
from mygo_cli.ranking.answers import Question
from mygo_cli.runs.answers import Answer
from mygo_cli.runs.run import Run

EXAMPLES, ANSWERS = 6, 5


@dataclass(frozen=True)
class Shown:
    """An answer with its picture; `mark` says whether it is a fact, and whence that is known."""

    answer: Answer
    picture: str | None
    mark: str


@dataclass(frozen=True)
class Example:
    """A question, the picture of who is asked about, and the best answers."""

    title: str
    picture: str | None
    answers: list[Shown]


def examples(run: Run, triples: Triples, pictures: Thumbnails) -> list[Example]:
    """Return questions of `triples` (T, 3) with the run's best answers that train does not hold."""
    questions = choose_questions(run.graph, triples)
    found = run.rank_all(questions, len(run.graph.entities))
    return [
        Example(
            rows.title,
            pictures.of(question.asked),
            [
                Shown(row, pictures.of(run.graph.entity_row[row.entity]), row.known or "new")
                for row in islice((row for row in rows if row.known != "train"), ANSWERS)
            ],
        )
        for question, rows in zip(questions, found, strict=True)
    ]


def choose_questions(graph: KnowledgeGraph, triples: Triples) -> list[Question]:
    """Return a question of each of the most frequent relations of `triples`, nothing else chosen.

    It is that of the relation's first triple, in which who is asked about has a picture if there is
    such a one; the sides take turns.
    """
    counts = np.bincount(triples[:, 1], minlength=len(graph.relations))
    frequent = [row for row in np.argsort(-counts, kind="stable").tolist() if counts[row]]
    return [
        _question(graph, triples[triples[:, 1] == relation].tolist(), place % 2 == 1)
        for place, relation in enumerate(frequent[:EXAMPLES])
    ]


def _question(graph: KnowledgeGraph, rows: list[list[int]], ask_head: bool) -> Question:
    pictures, side = graph.pictures(), 2 if ask_head else 0
    head, relation, tail = next((row for row in rows if pictures[row[side]]), rows[0])
    return Question(None, relation, tail) if ask_head else Question(head, relation, None)
