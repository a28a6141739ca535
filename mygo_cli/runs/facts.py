"""The facts that a completion finds, as rows with names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from mygo_cli.completion.search import Facts
from mygo_cli.graph.knowledge_graph import KnowledgeGraph


@dataclass(frozen=True)
class Fact:
    """A fact that the graph does not hold; `head`, `relation` and `tail` are ids.

    `rank` counts from 1; `asked` is the side that the question had asked for. `plausibility`, by
    which facts are ordered, and `probability` are explained in docs/completion.md; `score` is the
    decoder's.
    """

    rank: int
    head: str
    relation: str
    tail: str
    head_name: str
    tail_name: str
    asked: str
    plausibility: float
    probability: float
    score: float

    SHOWN: ClassVar[Mapping[str, str]] = {
        "rank": "rank",
        "head": "head_name",
        "relation": "relation",
        "tail": "tail_name",
        "asked": "asked",
        "plausibility": "plausibility",
        "probability": "probability",
    }


def named_facts(graph: KnowledgeGraph, facts: Facts) -> Iterator[Fact]:
    """Yield facts with their names, one at a time: there may be many."""
    relations, entities = len(graph.relations), len(graph.entities)
    columns = zip(*(column.tolist() for column in facts), strict=True)
    for rank, (key, plausibility, probability, score, asked_head) in enumerate(columns, 1):
        pair, tail = divmod(key, entities)
        head, relation = divmod(pair, relations)
        yield Fact(
            rank=rank,
            head=graph.entities[head],
            relation=graph.relations[relation],
            tail=graph.entities[tail],
            head_name=graph.names[head],
            tail_name=graph.names[tail],
            asked="head" if asked_head else "tail",
            plausibility=math.exp(plausibility),
            probability=math.exp(probability),
            score=score,
        )
