"""Which relation holds between two entities: every relation judged, best first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mygo_cli.errors import UsageError, at_least_one
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Triples
from mygo_cli.model.queries import Queries
from mygo_cli.ranking.filtering import loop_relations
from mygo_cli.ranking.given_facts import judge_facts


@dataclass(frozen=True)
class Pair:
    """Two entities, of which the relation is missing. Rows of the graph."""

    head: int
    tail: int


@dataclass(frozen=True)
class RelationPrediction:
    """One relation. `rank` from 1 among those shown; `known` names the split of the fact.

    `log_plausibility` is the mean over the two sides of the fact; the probabilities are those of
    the tail asked (head, relation, ?) and of the head asked (?, relation, tail).
    """

    rank: int
    relation: int
    log_plausibility: float
    tail_probability: float
    head_probability: float
    known: str | None


def predict_relations(
    score: Callable[[Queries], Tensor],
    graph: KnowledgeGraph,
    pair: Pair,
    top: int,
    batch_size: int,
    hide_known: bool = False,
) -> list[RelationPrediction]:
    """Return the `top` relations from head to tail, best first, equal ones in the graph's order.

    Scores of different questions do not compare, so the order is that of log-plausibility, the
    mean of both sides: the tail among all entities, and the head. `hide_known` leaves out the facts
    of any split, also from the ranks. Raises `UsageError` for an entity beside itself where no
    relation has such a fact, and `MygoError` for a score that is not a finite number.
    """
    at_least_one("top", top)
    triples = _possible_facts(graph, pair)
    known = graph.splits_of(triples)
    judged = judge_facts(score, graph, triples, batch_size)
    order = judged.log_plausibility.argsort(descending=True, stable=True).tolist()
    shown = [row for row in order if not (hide_known and known[row])][:top]
    return [
        RelationPrediction(
            rank,
            int(triples[row, 1]),
            judged.log_plausibility[row].item(),
            judged.tail.probability[row].item(),
            judged.head.probability[row].item(),
            known[row] or None,
        )
        for rank, row in enumerate(shown, 1)
    ]


def _possible_facts(graph: KnowledgeGraph, pair: Pair) -> Triples:
    """Return the pair with every relation, (M, 3): if it is one entity, with those that have loops.

    As nothing else that is asked gives an entity as an answer about itself.
    """
    relations = np.arange(len(graph.relations))
    if pair.head == pair.tail:
        relations = relations[loop_relations(graph.all_triples(), len(relations)).numpy()]
        if not len(relations):
            raise UsageError(
                f"No relation of {graph.name} joins an entity to itself.", "Name two entities."
            )
    return np.array([(pair.head, relation, pair.tail) for relation in relations.tolist()])
