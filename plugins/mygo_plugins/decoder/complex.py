"""ComplEx: a bilinear product of complex vectors (Trouillon et al. 2016)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mygo_cli.contracts import NoOptions
from mygo_cli.errors import UsageError
from mygo_plugins.decoder.products import LearnedScale, products


class ComplEx(nn.Module):
    """score(q, r, e) = scale Re(sum_i q_i r_i conj(e_i)).

    The halves of a vector are its real and its imaginary parts.
    """

    description = "ComplEx, a bilinear product of complex vectors"
    Options = NoOptions

    def __init__(self, dim: int, options: NoOptions) -> None:
        super().__init__()
        if dim % 2:
            raise UsageError(f"--decoder complex needs an even --dim, not {dim}.")
        self.scale = LearnedScale(dim)

    def forward(self, query: Tensor, relation: Tensor, entities: Tensor) -> Tensor:
        """Return scores (B, N) of `query` (B, D) and `relation` (B, D) against all entities."""
        real, imaginary = query.chunk(2, 1)
        relation_real, relation_imaginary = relation.chunk(2, 1)
        product = (
            real * relation_real - imaginary * relation_imaginary,
            real * relation_imaginary + imaginary * relation_real,
        )
        return products(self.scale(torch.cat(product, 1)), entities, self.training)
