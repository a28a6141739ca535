"""What relations are like: their class by how many ends they join, and those that say the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
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


SHARE = 0.8
LEAST_PAIRS = 10  # below, a high share is chance


@dataclass(frozen=True)
class Twin:
    """The share of `relation`'s (head, tail) pairs that are pairs of `other` too.

    With `reversed` the pairs of `other` are (tail, head); a relation may be its own twin then:
    it is symmetric.
    """

    relation: int
    other: int
    reversed: bool
    share: float
    pairs: int


def twin_relations(triples: Triples, num_relations: int, num_entities: int) -> list[Twin]:
    """Return the relations of distinct `triples` [T, 3] whose pairs another one repeats.

    At least `SHARE` of at least `LEAST_PAIRS` pairs; pairs of an entity with itself do not count.
    Sorted by relation, then by share, highest first.
    """
    triples = triples[triples[:, 0] != triples[:, 2]]
    heads, relations, tails = triples.T
    pairs = np.bincount(relations, minlength=num_relations)
    forward, backward = heads * num_entities + tails, tails * num_entities + heads
    found = []
    for is_reversed, keys in ((False, forward), (True, backward)):
        for (relation, other), common in _common(forward, relations, keys).items():
            share = common / int(pairs[relation])
            trivial = relation == other and not is_reversed
            if share >= SHARE and pairs[relation] >= LEAST_PAIRS and not trivial:
                found.append(Twin(relation, other, is_reversed, share, int(pairs[relation])))
    return sorted(found, key=lambda twin: (twin.relation, -twin.share, twin.other))


def _common(pairs: Numbers, relations: Numbers, other_pairs: Numbers) -> Counter[tuple[int, int]]:
    """Count, for each two relations, the `pairs` [T] of one among the `other_pairs` of the other.

    `relations` [T] belong to both.
    """
    holders: dict[int, list[int]] = {}
    for pair, relation in zip(other_pairs.tolist(), relations.tolist(), strict=True):
        holders.setdefault(pair, []).append(relation)
    common: Counter[tuple[int, int]] = Counter()
    for pair, relation in zip(pairs.tolist(), relations.tolist(), strict=True):
        common.update((relation, other) for other in holders.get(pair, ()))
    return common
