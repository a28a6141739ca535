"""Which training facts are most like a fact, by the vectors of the entities in them.

Near is not cause: that a fact is like another one does not say that a model learned from it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from mygo_cli.graph.triples import Triples

LEAST_NORM = 1e-8  # of a vector, so that one of zeros is like nothing


class NearFact(NamedTuple):
    """A fact (rows of the graph) and how like its head and its tail are, cosines -1 to 1."""

    head: int
    relation: int
    tail: int
    head_cosine: float
    tail_cosine: float


def nearest_facts(
    entities: Tensor, fact: tuple[int, int, int], facts: Triples, top: int
) -> list[NearFact]:
    """Return the `top` of the `facts` (K, 3) that are most like a `fact` of the same relation.

    By the sum of two cosines of `entities` (N, D): that of both heads and that of both tails.
    Equal ones stand in their order; the fact itself is left out.
    """
    head, relation, tail = fact
    others = facts[(facts[:, 1] == relation) & ((facts[:, 0] != head) | (facts[:, 2] != tail))]
    rows = torch.from_numpy(others).to(entities.device)
    cosines = _cosines(entities, torch.tensor([head, tail], device=entities.device))
    heads, tails = cosines[rows[:, 0], 0], cosines[rows[:, 2], 1]
    best = (heads + tails).sort(descending=True, stable=True).indices[:top].tolist()
    return [
        NearFact(
            int(others[place, 0]),
            relation,
            int(others[place, 2]),
            float(heads[place]),
            float(tails[place]),
        )
        for place in best
    ]


def _cosines(entities: Tensor, rows: Tensor) -> Tensor:
    """Return the cosine of each entity with each of R `rows`, (N, R)."""
    vectors = entities.float()
    norms = vectors.norm(dim=1).clamp(min=LEAST_NORM)
    cosines: Tensor = (vectors @ vectors[rows].T) / norms[:, None] / norms[rows]
    return cosines
