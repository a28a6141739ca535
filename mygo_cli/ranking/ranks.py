"""The rank of the truth among its rivals, and the metrics made of ranks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from mygo_cli.errors import MygoError
from mygo_cli.model.queries import row_places

TieRule = Literal["realistic", "optimistic", "pessimistic", "official"]
HITS = (1, 3, 10)
BLOCK_BYTES = 1 << 23  # of scores compared at once: more than that would not stay in a cache


def ranks(better: Tensor, ties: Tensor, rule: TieRule = "realistic") -> Tensor:
    """Return ranks from 1, float64 (T,), given how many rivals score better and the same.

    optimistic: better + 1; pessimistic: better + ties + 1; realistic: their mean; official: half
    the ties rounded down, as the MyGO authors count.
    """
    first = better.double() + 1
    if rule == "optimistic":
        return first
    if rule == "pessimistic":
        return first + ties
    if rule == "official":
        return first + ties // 2
    return first + ties / 2


@dataclass(frozen=True)
class Metrics:
    """What is reported of a set of ranks.

    `count` ranks; `mrr`, the mean reciprocal rank; `mean_rank`; `hits`, the share of ranks at
    most 1, 3 and 10.
    """

    count: int
    mrr: float
    mean_rank: float
    hits: dict[int, float]

    def row(self) -> dict[str, float | int]:
        """Return the metrics under their usual names."""
        named = {f"hits@{k}": share for k, share in self.hits.items()}
        return {"count": self.count, "mrr": self.mrr, "mean_rank": self.mean_rank, **named}


def metrics(all_ranks: Tensor) -> Metrics | None:
    """Return the metrics of ranks (T,); None where there are none."""
    if not len(all_ranks):
        return None
    values = all_ranks.double()
    return Metrics(
        count=len(values),
        mrr=values.reciprocal().mean().item(),
        mean_rank=values.mean().item(),
        hits={k: (values <= k).double().mean().item() for k in HITS},
    )


def mean_reciprocal(better: Tensor, ties: Tensor) -> float:
    """Return the realistic MRR, 0.0 of no ranks."""
    return ranks(better, ties).reciprocal().mean().item() if len(better) else 0.0


def check_finite(scores: Tensor) -> None:
    """Raise `MygoError` for a score that is not a finite number: it would rank anywhere."""
    if not torch.isfinite(torch.stack(torch.aminmax(scores))).all():
        raise MygoError(
            "The model's scores are not finite numbers, so there is no ranking.",
            "Train again with a smaller --learning-rate.",
        )


def count_rivals(scores: Tensor, rows: Tensor, truths: Tensor) -> tuple[Tensor, Tensor]:
    """Return how many candidates score better than each truth, and how many the same.

    `scores` (B, N); truth j is candidate `truths[j]` of row `rows[j]`, both (P,). The truth itself
    is not counted. The true score is read from the same matrix as its rivals'.
    """
    block = max(1, BLOCK_BYTES // (scores.shape[1] * scores.element_size()))
    counted = map(partial(_count_block, scores), rows.split(block), truths.split(block))
    better, ties = zip(*counted, strict=True)
    return torch.cat(better), torch.cat(ties)


def _count_block(scores: Tensor, rows: Tensor, truths: Tensor) -> tuple[Tensor, Tensor]:
    own = scores[rows, truths][:, None]
    copied = scores[rows]
    # Ones and zeros as numbers: on a CPU several times as fast as bools.
    better = torch.gt(copied, own, out=torch.empty_like(copied)).sum(1)
    return better.long(), copied.eq_(own).sum(1).long() - 1


def count_known_rivals(
    scores: Tensor, rows: Tensor, truths: Tensor, known_start: Tensor, known: Tensor
) -> tuple[Tensor, Tensor]:
    """Return how many *known* answers score better than each truth, and how many the same.

    Row b's known answers are `known[known_start[b]:known_start[b + 1]]`. The truth itself, known
    or not, is not counted.
    """
    counts = known_start.diff()[rows]
    owner = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), counts)
    _, places = row_places(known_start[rows], counts)
    rival = known[places]
    other = rival != truths[owner]
    rival_score, own = scores[rows[owner], rival], scores[rows, truths][owner]
    zeros = torch.zeros(len(rows), dtype=torch.long, device=rows.device)
    better = zeros.index_add(0, owner, ((rival_score > own) & other).long())
    return better, zeros.index_add(0, owner, ((rival_score == own) & other).long())
