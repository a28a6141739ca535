"""The answers to a question as rows with names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.ranking.answers import Prediction, Question
from mygo_cli.ranking.calibration import Calibration
from mygo_cli.runs.rows import Rows


@dataclass(frozen=True)
class Answer:
    """One answer, as the whole fact that it makes; `head`, `relation` and `tail` are ids.

    `rank` counts from 1; `asked` is the side that was missing, `name` the display name of the
    answer. `score` is the decoder's; `probability` the softmax of the scores over all answers that
    may be shown; `confidence` how often such an answer holds by validation (docs/ranking.md), None
    for a known one and without a validation split. `known` names the split that holds the fact,
    None for a new one.
    """

    rank: int
    head: str
    relation: str
    tail: str
    asked: str
    name: str
    score: float
    probability: float
    known: str | None
    confidence: float | None = None

    SHOWN: ClassVar[Mapping[str, str]] = {
        "rank": "rank",
        "entity": "entity",
        "name": "name",
        "probability": "probability",
        "confidence": "confidence",
        "fact": "fact",
    }
    PICTURED: ClassVar[Mapping[str, str]] = {"entity": "entity"}

    @property
    def entity(self) -> str:
        """Return the id of the answer."""
        return self.head if self.asked == "head" else self.tail

    @property
    def fact(self) -> str:
        """Return "new", or where the fact is known from."""
        return shown_known(self.known)


def shown_known(known: str | None) -> str:
    """Return how a table puts the split that holds a fact, "new" where none does."""
    return f"known ({known})" if known else "new"


def answers(
    graph: KnowledgeGraph,
    question: Question,
    found: Sequence[Prediction],
    curve: Calibration | None,
) -> Rows[Answer]:
    """Return what was found as rows, below the question as their title."""
    rows = (_answer(graph, question, each, curve) for each in found)
    return Rows(Answer, rows, titled(graph, question), graph)


def _answer(
    graph: KnowledgeGraph, question: Question, found: Prediction, curve: Calibration | None
) -> Answer:
    confidence = None
    if curve is not None and found.known is None:
        confidence = float(curve(np.array(found.among_new)))
    head, relation, tail = question.answered(found.entity)
    return Answer(
        rank=found.rank,
        head=graph.entities[head],
        relation=graph.relations[relation],
        tail=graph.entities[tail],
        asked="head" if question.head is None else "tail",
        name=graph.names[found.entity],
        score=found.score,
        probability=found.probability,
        known=found.known,
        confidence=confidence,
    )


def titled(graph: KnowledgeGraph, question: Question) -> str:
    """Return a question as (head, relation, ?), with names."""
    head, tail = (
        "?" if row is None else graph.names[row] for row in (question.head, question.tail)
    )
    return f"({head}, {graph.relations[question.relation]}, {tail})"
