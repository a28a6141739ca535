"""Filtered ranking as its definition says it, one candidate at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mygo_cli.model.queries import Queries
from mygo_cli.ranking.evaluate import Rivals


def table_scores(table: Tensor) -> Callable[[Queries], Tensor]:
    """Return a score function that looks up `table` (2, M, N, N): side, relation, known entity."""
    return lambda queries: table[queries.predict_head.long(), queries.relation, queries.entity]


def random_table(entities: int, relations: int, levels: int, random: np.random.Generator) -> Tensor:
    """Return scores of only `levels` different values, so that ties abound."""
    shape = (2, relations, entities, entities)
    return torch.from_numpy(random.integers(0, levels, shape)).float() / 8


def rivals_of(
    table: Tensor, triple: tuple[int, int, int], predict_head: bool, facts: set[tuple[int, ...]]
) -> tuple[int, int]:
    """Return how many rivals of the truth score better, and how many the same.

    A rival is any other entity that does not make one of the known `facts`.
    """
    head, relation, tail = triple
    given, truth = (tail, head) if predict_head else (head, tail)
    scores = table[int(predict_head), relation, given].tolist()
    better = ties = 0
    for candidate, score in enumerate(scores):
        fact = (candidate, relation, tail) if predict_head else (head, relation, candidate)
        if candidate == truth or fact in facts:
            continue
        better += score > scores[truth]
        ties += score == scores[truth]
    return better, ties


def as_dict(rivals: Rivals) -> dict[tuple[int, bool], tuple[int, int]]:
    """Return what was counted, by the triple's number and side."""
    keys = zip(rivals.triple.tolist(), rivals.predict_head.tolist(), strict=True)
    counts = zip(rivals.better.tolist(), rivals.ties.tolist(), strict=True)
    return dict(zip(keys, counts, strict=True))
