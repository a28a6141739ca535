"""RotatE: a relation turns the query in the complex plane (Sun et al. 2019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mygo_cli.contracts import NoOptions
from mygo_cli.errors import UsageError


class RotatE(nn.Module):
    """score(q, r, e) = -scale ||q * exp(i theta(r)) - e||, the norm over complex vectors.

    The angles theta are a learned linear map of the contextual relation; the learned scale lets
    distances become logits.
    """

    description = "RotatE, rotations in the complex plane"
    Options = NoOptions

    def __init__(self, dim: int, options: NoOptions) -> None:
        super().__init__()
        if dim % 2:
            raise UsageError(f"--decoder rotate needs an even --dim, not {dim}.")
        self.angle = nn.Linear(dim, dim // 2)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, query: Tensor, relation: Tensor, entities: Tensor) -> Tensor:
        """Return scores (B, N) of `query` (B, D) and `relation` (B, D) against all entities."""
        angle = self.angle(relation)
        real, imaginary = query.chunk(2, 1)
        cosine, sine = angle.cos(), angle.sin()
        turned = torch.cat((real * cosine - imaginary * sine, real * sine + imaginary * cosine), 1)
        return -self.scale * torch.cdist(turned, entities)
