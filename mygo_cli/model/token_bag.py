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
