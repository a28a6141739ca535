"""The facts that a completion finds, as rows with names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mygo_cli.completion.search import Facts
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.ranking.calibration import Calibration

DEPTHS = (10, 100, 1000)


@dataclass(frozen=True)
class Fact:
    """A fact that the graph does not hold; `head`, `relation` and `tail` are ids.

    `rank` counts from 1; `asked` is the side that the question had asked for. `plausibility`, by
    which facts are ordered, and `probability` are explained in docs/completion.md; `score` is the
    decoder's. `expected` is how many of such facts hold, measured on held-out ones; None without a
    validation split, and for facts less plausible than any that was measured.
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
    expected: float | None = None

    SHOWN: ClassVar[Mapping[str, str]] = {
        "rank": "rank",
        "head": "head_name",
        "relation": "relation",
        "tail": "tail_name",
        "asked": "asked",
        "plausibility": "plausibility",
        "expected": "expected",
    }
    PICTURED: ClassVar[Mapping[str, str]] = {"head": "head", "tail": "tail"}


def named_facts(
    graph: KnowledgeGraph, facts: Facts, curve: Calibration | None = None
) -> Iterator[Fact]:
    """Yield facts with their names, one at a time: there may be many.

    `curve` leads from plausibility to the share that holds.
    """
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
            expected=_expected(curve, math.exp(plausibility)),
        )


def _expected(curve: Calibration | None, plausibility: float) -> float | None:
    if curve is None or plausibility < curve.probability[0]:
        return None
    return float(curve(np.array(plausibility)))


def outlook(facts: Facts, curve: Calibration | None) -> str:
    """Return how many of the first facts hold, as a sentence; nothing where that is not known."""
    plausibility = np.exp(facts.log_plausibility)
    if curve is None or not len(measured := plausibility[plausibility >= curve.probability[0]]):
        return ""
    hold = curve(measured).cumsum()
    counts = [*(depth for depth in DEPTHS if depth < len(measured)), len(measured)]
    parts = [f"{hold[count - 1]:,.0f} of the first {count:,}" for count in counts]
    return f"By facts held out, about {', '.join(parts)} hold."
