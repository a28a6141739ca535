"""Scores as products of queries with entity vectors: of a size for logits, exact in bf16."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class LearnedScale(nn.Module):
    """x times a learned positive factor, 1 / sqrt(dim) at first.

    Entity vectors are layer-normalised, so an inner product of two of them spreads by sqrt(dim):
    far too much for logits, and much of a short training would go into taking it back.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.log = nn.Parameter(torch.tensor(-0.5 * math.log(dim)))

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` scaled, of the same shape."""
        return self.log.exp() * x


def products(query: Tensor, entities: Tensor, training: bool) -> Tensor:
    """Return query . entity, (B, N), for `query` (B, D) and `entities` (N, D).

    In training each question's scores are less by their mean. Neither softmax nor a rank sees
    that, so nothing holds back what all entities have in common: it may grow until the scores of
    a question are large and nearly the same, and bf16 rounds away what sets them apart. Without
    the mean entity vector neither scores nor gradients contain it.
    """
    return query @ (entities - entities.mean(0) if training else entities).T
