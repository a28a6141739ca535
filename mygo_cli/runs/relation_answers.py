"""The relations between two entities as rows with names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.ranking.relations import Pair, predict_relations
from mygo_cli.ranking.scorer import AnyScorer, block_size
from mygo_cli.runs.answers import shown_known
from mygo_cli.runs.rows import Rows


@dataclass(frozen=True)
class RelationAnswer:
    """One relation, as the whole fact that it makes; `head`, `relation` and `tail` are ids.

    `rank` counts from 1; `asked` is always "relation". `plausibility`, by which relations are
    ordered, is explained in docs/ranking.md; `tail_probability` is what `rank` says of the tail
    asked (head, relation, ?), `head_probability` of the head asked (?, relation, tail). `known`
    names the split that holds the fact, None for a new one.
    """

    rank: int
    head: str
    relation: str
    tail: str
    asked: str
    plausibility: float
    tail_probability: float
    head_probability: float
    known: str | None

    SHOWN: ClassVar[Mapping[str, str]] = {
        "rank": "rank",
        "relation": "relation",
        "plausibility": "plausibility",
        "fact": "fact",
    }

    @property
    def fact(self) -> str:
        """Return "new", or where the fact is known from."""
        return shown_known(self.known)


def rank_relations(
    scorer: AnyScorer,
    graph: KnowledgeGraph,
    head: str,
    tail: str,
    top: int,
    hide_known: bool = False,
) -> Rows[RelationAnswer]:
    """Return the `top` relations from head to tail, best first (docs/ranking.md).

    Raises `UsageError` for an unknown name.
    """
    pair = Pair(graph.find_entity(head), graph.find_entity(tail))
    at_once = block_size(len(graph.entities))
    found = predict_relations(scorer, graph, pair, top, at_once, hide_known)
    rows = (
        RelationAnswer(
            rank=each.rank,
            head=graph.entities[pair.head],
            relation=graph.relations[each.relation],
            tail=graph.entities[pair.tail],
            asked="relation",
            plausibility=math.exp(each.log_plausibility),
            tail_probability=each.tail_probability,
            head_probability=each.head_probability,
            known=each.known,
        )
        for each in found
    )
    return Rows(RelationAnswer, rows, f"({graph.names[pair.head]}, ?, {graph.names[pair.tail]})")
