"""Attention from one shared query over positions that are single vectors or codes of a table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from mygo_cli.device import at_least_float32, in_autocast_type
from mygo_cli.model.transformer import SelfAttention

BLOCK = 1 << 21  # numbers looked up at once on a CPU: few, so that they stay in its caches


class Bag(NamedTuple):
    """Positions that hold rows of a table: `table` (K, D), `ids` (R, m) int64, `mask` (R, m)."""

    table: Tensor
    ids: Tensor
    mask: Tensor


def pool_codes(
    attention: SelfAttention, query: Tensor, single: list[Tensor], bags: list[Bag]
) -> Tensor:
    """Return the attention's output (R, D) for the query (1, D).

    `single` are positions with a vector an entity, each (R, D); `bags` are positions that hold
    codes. Each code is scored once, and no joint sequence (R, L, D) is put together.
    """
    folded = attention.fold(query)[0]  # (H, D)
    scores = [(part @ folded.T)[:, None] for part in single]
    # Each code is put into the type of products once, not each token.
    tables = in_autocast_type(*(bag.table for bag in bags))
    for table, (_, ids, mask) in zip(tables, bags, strict=True):
        of_token = F.embedding(ids, table @ folded.T)  # (R, m, H)
        scores.append(of_token.masked_fill(~mask[:, :, None], -math.inf))
    weights = attention.dropout(torch.cat(scores, 1).softmax(1))
    shares = weights.transpose(1, 2)  # (R, H, L)
    pooled = shares[:, :, : len(single)] @ torch.stack(single, 1)  # (R, H, D)
    start = len(single)
    for table, (_, ids, _) in zip(tables, bags, strict=True):
        share = shares[:, :, start : start + ids.shape[1]].to(table.dtype)
        pooled = pooled + CodeSums.apply(table, ids, share)  # type: ignore[no-untyped-call]
        start += ids.shape[1]
    return attention.unfold(pooled, weights.sum(1))


class CodeSums(torch.autograd.Function):
    """y[r, h] = sum over j of share[r, h, j] table[ids[r, j]].

    Block after block of entities: their codes are looked up, and again in the backward pass, so
    that no tensor (R, m, D) exists.
    """

    @staticmethod
    def forward(ctx: Any, table: Tensor, ids: Tensor, share: Tensor) -> Tensor:
        """Return the sums (R, H, D) for `table` (K, D), `ids` (R, m) and `share` (R, H, m)."""
        ctx.save_for_backward(table, ids, share)
        sums = table.new_empty(*share.shape[:2], table.shape[1])
        for part in _blocks(ids, table):
            torch.bmm(share[part], F.embedding(ids[part], table), out=sums[part])
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, Tensor]:
        """Return the gradients of `table` and `share`."""
        table, ids, share = ctx.saved_tensors
        grad_table = at_least_float32(torch.zeros_like(table))
        grad_share = torch.empty_like(share)
        grad = grad.to(table.dtype)
        for part in _blocks(ids, table):
            codes = F.embedding(ids[part], table)
            # Turned are the gradients, not the codes, which are many more.
            grad_share[part] = (codes @ grad[part].mT.contiguous()).mT
            torch.bmm(share[part].mT.contiguous(), grad[part], out=codes)
            grad_table.index_add_(0, ids[part].flatten(), codes.flatten(0, 1).to(grad_table))
        return grad_table.to(table.dtype), None, grad_share


def _blocks(ids: Tensor, table: Tensor) -> Iterator[slice]:
    """Yield parts of the entities of `ids` (R, m) whose codes are looked up at once."""
    count, size = len(ids), max(1, len(ids))
    if ids.device.type == "cpu":
        size = max(1, BLOCK // max(1, ids.shape[1] * table.shape[1]))
    for first in range(0, count, size):
        yield slice(first, first + size)
