"""TuckER's product with its core, at three large matrix products for values and gradients."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

BLOCK_BYTES = 1 << 24  # of outer products at once: more rows for a product, no more from memory


class CoreProduct(torch.autograd.Function):
    """y[b, k] = sum over i, j of W[i, j, k] r[b, i] x[b, j].

    The outer products (B, D * D) of `relation` (B, D) and `query` (B, D) times the core as a
    matrix (D * D, D), block after block: neither they nor a matrix (D, D) for each row are ever
    kept, and each number of the core is read once. The backward pass makes the outer products
    again, which costs no matrix product.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, relation: Tensor, core: Tensor) -> Tensor:
        """Return the product, (B, D), given `core` (D, D, D), all of one dtype."""
        ctx.save_for_backward(query, relation, core)
        total = _sum_like(query)
        for part, outer in _outer_products(relation, query):
            total += outer.flatten(1) @ core[part].flatten(0, 1)
        return total.to(query.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients of `query`, `relation` and `core`."""
        query, relation, core = ctx.saved_tensors
        grad_query = _sum_like(query)
        grad_relation, grad_core = torch.empty_like(relation), torch.empty_like(core)
        for part, outer in _outer_products(relation, query):
            torch.mm(outer.flatten(1).T, grad, out=grad_core[part].flatten(0, 1))
            # Its gradient takes the place of the outer product, which is not needed any more.
            torch.mm(grad, core[part].flatten(0, 1).T, out=outer.flatten(1))
            grad_relation[:, part] = (outer @ query[:, :, None])[:, :, 0]
            grad_query += (relation[:, None, part] @ outer)[:, 0]
        return grad_query.to(query.dtype), grad_relation, grad_core


def _outer_products(relation: Tensor, query: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Yield parts of the relation's dimensions and their outer products with the query, (B, d, D).

    They lie in the same memory each time: asking for it anew costs a tenth of the time.
    """
    count, dim = query.shape
    size = min(dim, max(1, BLOCK_BYTES // max(1, query.nbytes)))
    room = query.new_empty(count * size * dim)
    for first in range(0, dim, size):
        part = slice(first, min(first + size, dim))
        shape = (count, part.stop - part.start, dim)
        outer = room[: math.prod(shape)].view(shape)
        yield part, torch.mul(relation[:, part, None], query[:, None], out=outer)


def _sum_like(x: Tensor) -> Tensor:
    """Return zeros (B, D) to add up blocks in, in float32 where `x` has half of its bits."""
    return torch.zeros_like(x, dtype=torch.promote_types(x.dtype, torch.float32))
