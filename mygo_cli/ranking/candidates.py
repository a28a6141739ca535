"""Which entities may not answer a question: those known to, and the one asked about."""

from __future__ import annotations

import torch
from torch import Tensor

from mygo_cli.model.mygo import Queries
from mygo_cli.ranking.queries import Triples


def loop_relations(known: Triples, relations: int) -> Tensor:
    """Return which relations join an entity to itself in a fact of `known`, bool (M,)."""
    loops = torch.zeros(relations, dtype=torch.bool)
    loops[torch.from_numpy(known[known[:, 0] == known[:, 2], 1])] = True
    return loops


def hide_asked(scores: Tensor, queries: Queries, loops: Tensor) -> None:
    """Give the entity that each query asks about the score -inf, unless its relation has `loops`.

    `scores` (B, N) is changed in place.
    """
    rows = (~loops[queries.relation]).nonzero()[:, 0]
    _hide(scores, rows, queries.entity[rows])


def hide_answers(scores: Tensor, start: Tensor, answers: Tensor) -> None:
    """Give the answers of each row, compressed rows, the score -inf: `scores` (B, N) in place."""
    counts = start.diff()
    _hide(scores, torch.repeat_interleave(torch.arange(len(counts)), counts), answers)


def _hide(scores: Tensor, rows: Tensor, entities: Tensor) -> None:
    scores[rows.to(scores.device), entities.to(scores.device)] = -torch.inf
