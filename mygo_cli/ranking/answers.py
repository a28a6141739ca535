"""The most plausible answers to one question, with known facts marked."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mygo_cli.errors import UsageError, at_least_one
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.model.queries import Queries, triples_of
from mygo_cli.ranking.filtering import find_known, hide_asked, loop_relations
from mygo_cli.ranking.filtering import hide_known as hide_known_answers
from mygo_cli.ranking.ranks import check_finite

AT_ONCE = 256  # questions that are scored together


@dataclass(frozen=True)
class Question:
    """A triple with one side missing: `head` or `tail` is None. Rows of the graph."""

    head: int | None
    relation: int
    tail: int | None

    @property
    def asked(self) -> int:
        """The entity that is asked about: the side that is there."""
        row = self.tail if self.head is None else self.head
        assert row is not None  # a question names one side
        return row

    def answered(self, entity: int) -> tuple[int, int, int]:
        """Return the fact that an answer makes of it: head, relation and tail."""
        head = entity if self.head is None else self.head
        return head, self.relation, entity if self.tail is None else self.tail


@dataclass(frozen=True)
class Prediction:
    """One answer. `rank` from 1 among the answers that may be shown; `known` names its split.

    `probability` is the softmax of the scores over those same answers, `among_new` over those that
    the graph does not hold, 0 for a known one.
    """

    rank: int
    entity: int
    score: float
    probability: float
    among_new: float
    known: str | None


def find_question(
    graph: KnowledgeGraph, head: str | None, relation: str | None, tail: str | None
) -> Question:
    """Return the question that three names pose, ids or display names.

    Raises `UsageError` unless just one side is missing, and for a name that the graph has not.
    """
    if relation is None and head is not None and tail is not None:
        raise UsageError(
            "Which relation is meant?",
            "Give it and one of the two, or ask for it: "
            + shlex.join(["mygo", "rank", "--head", head, "--tail", tail]),
        )
    if relation is None or (head is None) == (tail is None):
        raise UsageError(
            "Give two of head, relation and tail.",
            "Head and relation ask for tails, relation and tail for heads.",
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
    also: int | None = None,
) -> list[list[Prediction]]:
    """Return the `top` answers to each question, best first, equal scores in entity order.

    The entity `also` takes the last place where it is not among them, if it may be shown.

    With `hide_known` answers that stand in any split are neither shown nor counted in ranks and
    probabilities; nor, ever, is the entity that was asked about, unless the graph holds a fact of
    the relation that joins an entity to itself. Raises `MygoError` for a score that is not a
    finite number.
    """
    relations = sorted({question.relation for question in questions})
    facts = graph.all_triples()
    facts = facts[np.isin(facts[:, 1], relations)]
    loops = loop_relations(facts, len(graph.relations))
    found: list[list[Prediction]] = []
    if not questions:
        return found
    all_queries = as_queries(questions)
    all_known = find_known(all_queries, facts)
    for first in range(0, len(questions), AT_ONCE):
        block = slice(first, min(first + AT_ONCE, len(questions)))
        queries, known = all_queries.at(block), all_known.part(block)
        scores = score(queries).cpu()
        check_finite(scores)
        best = []
        for place in range(len(scores)):
            row = slice(place, place + 1)
            own = scores[row].double()
            hide_asked(own, queries.at(row), loops)
            new = own.clone()
            hide_known_answers(new, known.part(row))
            best.append(best_answers(new[0] if hide_known else own[0], new[0], top, also))
        found += _predictions(graph, queries, best)
    return found


def as_queries(questions: list[Question]) -> Queries:
    """Return questions as a model is asked them, in their order."""
    return Queries(
        torch.tensor([question.asked for question in questions]),
        torch.tensor([question.relation for question in questions]),
        torch.tensor([question.head is None for question in questions]),
    )


class Best(NamedTuple):
    """The best K answers to a question, best first, each (K,).

    `rank` from 1, one after the other also where scores are equal; `probability` over all that may
    be shown, and `among_new`, 0 for a known answer.
    """

    rank: Tensor
    entity: Tensor
    score: Tensor
    probability: Tensor
    among_new: Tensor


def best_answers(scores: Tensor, new: Tensor, top: int, also: int | None = None) -> Best:
    """Return the best answers of one row of scores (N,), -inf for who may not answer.

    `new` (N,) are the same scores, -inf for known answers, too. `also` as for `predict`.
    """
    shown = first_places(scores, min(at_least_one("top", top), int((scores > -torch.inf).sum())))
    ranks = torch.arange(1, len(shown) + 1)
    if also is not None and scores[also] > -torch.inf and also not in shown:
        before = (scores > scores[also]).sum() + (scores[:also] == scores[also]).sum()
        shown = torch.cat((shown[: top - 1], torch.tensor([also])))
        ranks = torch.cat((ranks[: top - 1], before[None] + 1))
    shares = (new - new.logsumexp(0).nan_to_num(neginf=0.0)).exp()
    probability = (scores[shown] - scores.logsumexp(0)).exp()
    return Best(ranks, shown, scores[shown], probability, shares[shown])


def _predictions(
    graph: KnowledgeGraph, queries: Queries, best: list[Best]
) -> list[list[Prediction]]:
    """Return the answers to each query, those that the graph holds with their split.

    The facts of all queries are looked up together: each look goes through the whole graph.
    """
    counts = torch.tensor([len(each.entity) for each in best])
    owner = torch.repeat_interleave(torch.arange(len(best)), counts)
    answers = torch.cat([each.entity for each in best])
    splits = iter(graph.splits_of(triples_of(queries.at(owner), answers).numpy()))
    return [
        [
            Prediction(rank, entity, score, share, new, next(splits) or None)
            for rank, entity, score, share, new in zip(
                *(column.tolist() for column in each), strict=True
            )
        ]
        for each in best
    ]


def first_places(scores: Tensor, count: int) -> Tensor:
    """Return the places of the `count` best scores, best first, equal ones in their order."""
    if not count:
        return torch.zeros(0, dtype=torch.long)
    least = scores.topk(count).values[-1]
    places = (scores >= least).nonzero()[:, 0]
    order = scores[places].sort(descending=True, stable=True).indices
    return places[order[:count]]
