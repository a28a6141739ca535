"""The link loss: cross-entropy over all entities, or over a sample that stands for them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mygo_cli.model.queries import Queries


@dataclass(frozen=True)
class Sample:
    """Candidates drawn from all entities, each of which stands for several.

    `log_share` (R,) is the logarithm of the probability with which each got into the sample, and
    each stands for one over that many entities: sums over all entities are then estimated without
    bias (Horvitz and Thompson 1952). `log_shares` (B, R) are the same for each question, but 0 for
    its own entity and answers: a question brings these itself, so they stand for themselves.
    """

    log_share: Tensor
    log_shares: Tensor

    @staticmethod
    def of(log_share: Tensor, queries: Queries, rows: Tensor, answers: Tensor) -> Sample:
        """Return the sample of a step, where answer `answers[i]` belongs to query `rows[i]`."""
        asked = len(queries.entity)
        shares = log_share.repeat(asked, 1)
        shares[rows, answers] = 0
        shares[torch.arange(asked, device=rows.device), queries.entity] = 0
        return Sample(log_share, shares)


def link_loss(
    scores: Tensor,
    rows: Tensor,
    answers: Tensor,
    smoothing: float = 0.0,
    sample: Sample | None = None,
) -> Tensor:
    """Return the cross-entropy over all entities, summed over answers (equations 9 and 10).

    `scores` (B, N); answer `answers[i]` belongs to query `rows[i]`, both (P,), so a query may
    have many answers. `smoothing` moves that share of the target to all entities evenly. `sample`
    says what the N candidates stand for where they are not all entities.
    """
    # The log-probabilities: one pass over the scores for values and one for gradients.
    likely = (scores if sample is None else scores - sample.log_shares).log_softmax(1)
    loss = -likely[rows, answers].sum()
    if not smoothing:
        return loss
    if sample is None:
        mean = likely.mean(1)
    else:
        mean = (likely + sample.log_shares) @ (-sample.log_share).softmax(0)
    return (1 - smoothing) * loss - smoothing * mean[rows].sum()
