"""Rows that each process made a part of, put together so that gradients find their way back."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def gather_rows(rows: Tensor, rank: int, count: int, total: int) -> Tensor:
    """Return all rows (total, ...), given rows `rank * total // count` to the next process's.

    The gradient of a row is summed over all processes and given to the one that made it.
    """
    gathered: Tensor = _Gather.apply(rows, rank, count, total)  # type: ignore[no-untyped-call]
    return gathered


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, rank: int, count: int, total: int) -> Tensor:
        edges = [place * total // count for place in range(count + 1)]
        ctx.own = slice(edges[rank], edges[rank + 1])
        most = -(-total // count)  # collectives want equal shapes: short parts are padded
        padded = rows.new_zeros(most, *rows.shape[1:])
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in range(count)]
        dist.all_gather(parts, padded)
        return torch.cat([part[: edges[i + 1] - edges[i]] for i, part in enumerate(parts)])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total[ctx.own], None, None, None
