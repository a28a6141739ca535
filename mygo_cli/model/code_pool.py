"""Attention from one shared query over positions that are single vectors or codes of a table."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mygo_cli.model.transformer import SelfAttention


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
    for table, ids, mask in bags:
        of_token = F.embedding(ids, table @ folded.T)  # (R, m, H)
        scores.append(of_token.masked_fill(~mask[:, :, None], -math.inf))
    weights = attention.dropout(torch.cat(scores, 1).softmax(1))
    pooled = torch.stack(single, 1).transpose(1, 2) @ weights[:, : len(single)]  # (R, D, H)
    start = len(single)
    for table, ids, _ in bags:
        share = weights[:, start : start + ids.shape[1]].to(table.dtype)
        pooled = pooled + F.embedding(ids, table).transpose(1, 2) @ share
        start += ids.shape[1]
    return attention.unfold(pooled.transpose(1, 2), weights.sum(1))
