"""What a relation and the side asked for make of the known entity's vector: a matrix each."""

from __future__ import annotations

import torch
from torch import Tensor, nn

MOST_MATRICES = 32  # more relations than half of these share them


class RelationMaps(nn.Module):
    """v -> sum over k of a_k v B_k + b, with `a` and `b` of the relation and side asked.

    Each relation and side has a matrix of its own where they are few, else a mixture of
    `MOST_MATRICES` (basis decomposition, Schlichtkrull et al. 2018). The offset b makes an answer
    that is frequent with a relation likely, whatever is asked.
    """

    def __init__(self, num_relations: int, dim: int) -> None:
        super().__init__()
        asked = 2 * num_relations
        count = min(asked, MOST_MATRICES)
        self.matrices = nn.Parameter(torch.randn(count, dim, dim) * dim**-0.5)
        self.mixture: nn.Parameter | None = None
        if count < asked:
            self.mixture = nn.Parameter(torch.randn(asked, count) * count**-0.5)
        self.offset = nn.Parameter(torch.zeros(asked, dim))

    def forward(self, vectors: Tensor, asked: Tensor) -> Tensor:
        """Return (B, D) for `vectors` (B, D), and `asked` (B,) from `relation_side`."""
        if not len(asked):
            return vectors
        if len(asked) == 1:  # a single question: nothing to sort
            return vectors @ self._matrices(asked)[0] + self.offset[asked]
        sides, group = asked.unique(return_inverse=True)
        if self.mixture is not None and len(sides) > MOST_MATRICES:
            # Through all matrices in one product, then mixed: not one small product a side.
            through = vectors @ self.matrices.transpose(0, 1).flatten(1)
            mixed = self.mixture[asked][:, None] @ through.unflatten(1, self.matrices.shape[::2])
            return mixed[:, 0] + self.offset[asked]
        order = group.argsort()
        counts = torch.bincount(group, minlength=len(sides)).tolist()
        parts = zip(vectors[order].split(counts), self._matrices(sides), strict=True)
        mapped = torch.cat([part @ matrix for part, matrix in parts])
        return mapped[order.argsort()] + self.offset[asked]

    def _matrices(self, sides: Tensor) -> tuple[Tensor, ...]:
        """Return the matrix (D, D) of each side that a batch asks for, made once for all of it."""
        if self.mixture is None:
            every = self.matrices.unbind()
            return tuple(every[side] for side in sides.tolist())
        mixed = self.mixture[sides] @ self.matrices.flatten(1)
        return mixed.unflatten(1, self.matrices.shape[1:]).unbind()


def relation_side(relation: Tensor, predict_head: Tensor) -> Tensor:
    """Return the number of each relation and side (B,): 2 r, one more where a head is asked."""
    return 2 * relation + predict_head.long()
