"""A learned factor that turns products of wide vectors into logits."""

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
