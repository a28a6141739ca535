"""An entity's vector from all its tokens of one modality: a bag, without attention."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mygo_cli.model.dropout import Dropout
from mygo_cli.model.queries import row_places
from mygo_cli.tokens.bags import TokenBags, whitened


class TokenBag(nn.Module):
    """The weighted sum of an entity's code vectors, normalised.

    A code's vector is a projection of its whitened embedding plus one of its own, which starts at
    zero: codes that look alike begin alike, and frequent ones learn what they tell.
    """

    start: Tensor
    ids: Tensor
    weights: Tensor
    codes: Tensor

    def __init__(self, bags: TokenBags, dim: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("start", torch.from_numpy(bags.start))
        self.register_buffer("ids", torch.from_numpy(bags.ids))
        self.register_buffer("weights", torch.from_numpy(bags.weights))
        self.register_buffer("codes", torch.from_numpy(whitened(bags.codes)))
        self.proj = nn.Linear(self.codes.shape[1], dim, bias=False)
        self.own = nn.Parameter(torch.zeros(len(self.codes), dim))
        self.norm = nn.LayerNorm(dim)
        self.dropout = Dropout(dropout)

    def known(self, rows: Tensor) -> Tensor:
        """Return which of the entities `rows` (R,) have a token, bool (R,)."""
        return self.start[rows + 1] > self.start[rows]

    def forward(self, rows: Tensor) -> Tensor:
        """Return the vectors (R, D) of the entities `rows` (R,), zeros for one without tokens."""
        start, places = row_places(self.start[rows], self.start[rows + 1] - self.start[rows])
        weights = self.dropout(self.weights[places])
        summed = F.embedding_bag(
            self.ids[places],
            self.proj(self.codes) + self.own,
            start[:-1],
            mode="sum",
            per_sample_weights=weights,
        )
        return self.dropout(self.norm(summed)) * self.known(rows)[:, None]

    def every_token(self, row: int) -> Tensor:
        """Return true for each of the P distinct tokens of the entity in a row, bool (P,)."""
        count = int(self.start[row + 1] - self.start[row])
        return torch.ones(count, dtype=torch.bool, device=self.start.device)

    def without(self, row: int, left: Tensor) -> Tensor:
        """Return the vector (1, D) of an entity that has only those of its P tokens, (P,) bool."""
        own = slice(int(self.start[row]), int(self.start[row + 1]))
        return self.of(self.ids[own][left], self.weights[own][left])

    def of(self, ids: Tensor, weights: Tensor) -> Tensor:
        """Return the vector (1, D) of a bag: P rows of `codes` with `weights` (P,), any length."""
        weights = weights / weights.norm().clamp(min=1e-9)  # a bag has the length 1
        summed = weights[None] @ (self.proj(self.codes[ids]) + self.own[ids])
        return self.dropout(self.norm(summed)) * (len(ids) > 0)
