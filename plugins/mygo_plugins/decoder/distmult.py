"""DistMult: a diagonal bilinear product (Yang et al. 2015)."""

from __future__ import annotations

from torch import Tensor, nn

from mygo_cli.contracts import NoOptions
from mygo_plugins.decoder.products import LearnedScale, products


class DistMult(nn.Module):
    """score(q, r, e) = scale sum_i q_i r_i e_i"""

    description = "DistMult, a diagonal bilinear product"
    Options = NoOptions

    def __init__(self, dim: int, options: NoOptions) -> None:
        super().__init__()
        self.scale = LearnedScale(dim)

    def forward(self, query: Tensor, relation: Tensor, entities: Tensor) -> Tensor:
        """Return scores (B, N) of `query` (B, D) and `relation` (B, D) against all entities."""
        return products(self.scale(query * relation), entities, self.training)
