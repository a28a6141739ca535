"""The most plausible answers to one question, with known facts marked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mygo_cli.errors import UsageError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.model.mygo import Queries
from mygo_cli.ranking.ranks import check_finite


@dataclass(frozen=True)
class Question:
    """A triple with one side missing: `head` or `tail` is None. Rows of the graph."""

    head: int | None
    relation: int
    tail: int | None


@dataclass(frozen=True)
class Prediction:
    """One answer. `rank` from 1 among the answers that may be shown; `known` names its split.

    `probability` is the softmax of the scores over those same answers.
    """

    rank: int
    entity: int
    score: float
    probability: float
    known: str | None


def find_question(
    graph: KnowledgeGraph, head: str | None, relation: str, tail: str | None
) -> Question:
    """Return the question that three names pose; raise `UsageError` unless one side is missing."""
    if (head is None) == (tail is None):
        raise UsageError(
            "Give the relation and one side of the fact.",
            "--head X --relation R asks for tails, --relation R --tail Y for heads.",
        )
    return Question(
        None if head is None else graph.find_entity(head),
        graph.find_relation(relation),
        None if tail is None else graph.find_entity(tail),
    )


def predict(
    score: Callable[[Queries], Tensor],
    graph: KnowledgeGraph,
    questions: list[Question],
    top: int,
    hide_known: bool = False,
) -> list[list[Prediction]]:
    """Return the `top` answers to each question, best first, equal scores in entity order.

    With `hide_known` answers that stand in any split are neither shown nor counted in ranks and
    probabilities; nor, ever, is the entity that was asked about, unless the graph holds a fact of
    the relation that joins an entity to itself. Raises `MygoError` for a score that is not a
    finite number.
    """
    found = []
    for first in range(0, len(questions), 256):
        part = questions[first : first + 256]
        scores = score(_as_queries(part)).cpu()
        check_finite(scores)
        found += [
            _best(row, *_known_and_hidden(graph, question, hide_known), top)
            for row, question in zip(scores, part, strict=True)
        ]
    return found


def _as_queries(questions: list[Question]) -> Queries:
    entities = [q.tail if q.head is None else q.head for q in questions]
    return Queries(
        torch.tensor(entities),
        torch.tensor([question.relation for question in questions]),
        torch.tensor([question.head is None for question in questions]),
    )


def _known_and_hidden(
    graph: KnowledgeGraph, question: Question, hide_known: bool
) -> tuple[dict[int, str], list[int]]:
    """Return the answers that the graph holds, with their split, and the entities to leave out."""
    given, side, asked = (question.tail, 2, 0) if question.head is None else (question.head, 0, 2)
    triples = graph.all_triples()
    of_relation = triples[triples[:, 1] == question.relation]
    rows = of_relation[of_relation[:, side] == given]
    known: dict[int, str] = {
        int(row[asked]): graph.fact_split(int(row[0]), int(row[1]), int(row[2])) or "known"
        for row in rows
    }
    hidden = set(known) if hide_known else set()
    if given is not None and not (of_relation[:, 0] == of_relation[:, 2]).any():
        hidden.add(given)
    return known, sorted(hidden)


def _best(scores: Tensor, known: dict[int, str], hidden: list[int], top: int) -> list[Prediction]:
    """Return the best answers of one row of scores (N,)."""
    scores = scores.clone()
    scores[hidden] = -torch.inf
    probability = scores.double().softmax(0)
    order = torch.sort(scores, descending=True, stable=True).indices
    shown = min(top, len(scores) - len(hidden))
    return [
        Prediction(
            place, entity, scores[entity].item(), probability[entity].item(), known.get(entity)
        )
        for place, entity in enumerate(order[:shown].tolist(), 1)
    ]
