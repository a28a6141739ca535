"""How many partners a relation gives: 1-1, 1-N, N-1 or N-N (Bordes et al., 2013, section 4.3)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mygo_cli.graph.triples import Numbers, Triples

RelationClass = Literal["1-1", "1-N", "N-1", "N-N"]
THRESHOLD = 1.5


def relation_classes(triples: Triples, num_relations: int) -> tuple[RelationClass, ...]:
    """Return the class of each relation, judged by distinct `triples` [T, 3], usually train.

    The left letter is N where a pair (relation, tail) has 1.5 heads or more on average, the right
    one where a pair (head, relation) has 1.5 tails or more. Without triples: 1-1.
    """
    heads_of_tail = _partners(triples[:, 2], triples[:, 1], num_relations)
    tails_of_head = _partners(triples[:, 0], triples[:, 1], num_relations)
    names: dict[tuple[bool, bool], RelationClass] = {
        (False, False): "1-1",
        (False, True): "1-N",
        (True, False): "N-1",
        (True, True): "N-N",
    }
    return tuple(
        names[bool(heads >= THRESHOLD), bool(tails >= THRESHOLD)]
        for heads, tails in zip(heads_of_tail, tails_of_head, strict=True)
    )


def _partners(
    entity: Numbers, relation: Numbers, num_relations: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return, for each relation, triples per distinct (entity, relation), 0 without triples."""
    triples = np.bincount(relation, minlength=num_relations)
    pairs = np.unique(entity * num_relations + relation) % num_relations
    distinct = np.bincount(pairs, minlength=num_relations)
    return triples / np.maximum(distinct, 1)
