"""The inner product of context and entity: the triple encoder does all the work."""

from __future__ import annotations

from torch import Tensor, nn

from mygo_cli.contracts import NoOptions
from mygo_plugins.decoder.products import LearnedScale, products


class Dot(nn.Module):
    """score(q, r, e) = scale q . e"""

    description = "inner product of context and entity"
    Options = NoOptions

    def __init__(self, dim: int, options: NoOptions) -> None:
        super().__init__()
        self.scale = LearnedScale(dim)

    def forward(self, query: Tensor, relation: Tensor, entities: Tensor) -> Tensor:
        """Return scores (B, N); the relation speaks through the context alone."""
        return products(self.scale(query), entities, self.training)
