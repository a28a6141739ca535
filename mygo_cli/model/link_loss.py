"""The link loss: cross-entropy over all entities, or over a sample that stands for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from mygo_cli.device import at_least_float32
from mygo_cli.model.queries import Queries

BLOCK = 1 << 21  # scores in work at once on a CPU: few, so that they stay in its caches
UNREAD = -1e4  # the score of a candidate that cannot be an answer, far below any other


@dataclass(frozen=True)
class Sample:
    """Candidates drawn from all entities, each of which stands for several.

    `log_share` (R,) is the logarithm of the probability with which each got into the sample, and
    each stands for one over that many entities: sums over all entities are then estimated without
    bias (Horvitz and Thompson 1952). But question `rows[i]` brings the candidate `places[i]`
    itself, as its own entity or an answer, both (Q,) with `rows` ascending: there that candidate
    stands for itself.
    """

    log_share: Tensor
    rows: Tensor
    places: Tensor

    @staticmethod
    def of(log_share: Tensor, queries: Queries, rows: Tensor, answers: Tensor) -> Sample:
        """Return the sample of a step, where answer `answers[i]` belongs to query `rows[i]`."""
        asked = torch.arange(len(queries.entity), device=rows.device)
        every, order = torch.cat((rows, asked)).sort(stable=True)
        return Sample(log_share, every, torch.cat((answers, queries.entity))[order])


def link_loss(
    scores: Tensor,
    rows: Tensor,
    answers: Tensor,
    smoothing: float = 0.0,
    sample: Sample | None = None,
    known: Tensor | None = None,
) -> Tensor:
    """Return the cross-entropy over all entities, summed over answers (equations 9 and 10).

    `scores` (B, N); answer `answers[i]` belongs to query `rows[i]`, both (P,) with `rows`
    ascending, so a query may have many answers. `smoothing` moves that share of the target to all
    entities evenly. `sample` says what the N candidates stand for where they are not all entities,
    `known` (N,) which of them may be answers, all where None.
    """
    barred = at_least_float32(torch.zeros_like(scores[0]))
    if known is not None:
        barred = barred.masked_fill(~known, UNREAD)
    if sample is None:
        even = torch.full_like(barred, 1 / len(barred))
        nothing = rows[:0]
        aim = Target(barred, barred, nothing, nothing, rows, answers, even, smoothing)
    else:
        even = (-sample.log_share).to(barred).softmax(0)
        likely = barred - sample.log_share
        own = sample.rows, sample.places
        aim = Target(likely, barred, *own, rows, answers, even, smoothing)
    loss: Tensor = CrossEntropy.apply(scores, aim)  # type: ignore[no-untyped-call]
    return loss


@dataclass(frozen=True)
class Target:
    """What scores (B, N) are held against.

    `bias` (N,) is added to the scores of all questions, but `own_bias` (N,) instead to those of
    question `own_rows[i]` for the candidate `own_places[i]`. Of the P `answers` of the questions
    `rows` each has the weight 1 - `smoothing`, and `even` (N,) the rest. `own_rows` and `rows`
    ascend.
    """

    bias: Tensor
    own_bias: Tensor
    own_rows: Tensor
    own_places: Tensor
    rows: Tensor
    answers: Tensor
    even: Tensor
    smoothing: float

    def blocks(self, scores: Tensor) -> Iterator[tuple[slice, Tensor, tuple[Tensor, Tensor]]]:
        """Yield the questions block by block: which, their biased scores (b, N), and their answers.

        The biased scores may be changed. Answers are pairs of a row of the block and a place.
        """
        count, width = scores.shape
        size = max(1, BLOCK // width) if scores.device.type == "cpu" else max(1, count)
        firsts = torch.arange(0, count + size, size, device=scores.device)
        edges, own_edges = (
            torch.searchsorted(rows, firsts).tolist() for rows in (self.rows, self.own_rows)
        )
        for number, first in enumerate(range(0, count, size)):
            part = slice(first, min(first + size, count))
            own = slice(own_edges[number], own_edges[number + 1])
            given = slice(edges[number], edges[number + 1])
            raw = scores[part]
            biased = raw + self.bias
            places = self.own_rows[own] - first, self.own_places[own]
            biased[places] = raw[places] + self.own_bias[places[1]]
            yield part, biased, (self.rows[given] - first, self.answers[given])


class CrossEntropy(torch.autograd.Function):
    """The loss of scores (B, N) against a `Target`, and its gradient, in one pass over them each.

    Nothing of the size of the scores is kept but the scores themselves, in their own type.
    """

    @staticmethod
    def forward(ctx: Any, scores: Tensor, aim: Target) -> Tensor:
        """Return the summed loss, in float32 or wider."""
        total = at_least_float32(scores.new_zeros(()))
        for part, biased, (rows, answers) in aim.blocks(scores):
            likely = biased.log_softmax(1)[rows, answers]
            total -= (1 - aim.smoothing) * likely.sum()
            if aim.smoothing:
                # An answer stands for itself: its biased score is its own.
                norms = biased[rows, answers] - likely
                mean = torch.mul(scores[part], aim.even, out=biased).sum(1)
                total += aim.smoothing * (norms - mean[rows]).sum()
        ctx.save_for_backward(scores)
        ctx.aim = aim
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        """Return the gradient of the scores."""
        (scores,) = ctx.saved_tensors
        aim: Target = ctx.aim
        counts = torch.bincount(aim.rows, minlength=len(scores)).to(grad)
        result = torch.empty_like(scores)
        for part, biased, places in aim.blocks(scores):
            weight = counts[part, None]
            likely = biased.softmax(1).mul_(weight)
            if aim.smoothing:
                likely.sub_(aim.smoothing * weight * aim.even)
            least = torch.full_like(places[0], aim.smoothing - 1, dtype=likely.dtype)
            likely.index_put_(places, least, accumulate=True)
            torch.mul(likely, grad, out=result[part])
        return result, None
