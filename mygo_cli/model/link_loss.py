"""The link loss: cross-entropy over all entities, or over a sample that stands for them."""

from __future__ import annotations

from torch import Tensor


def link_loss(
    scores: Tensor,
    rows: Tensor,
    answers: Tensor,
    smoothing: float = 0.0,
    log_share: Tensor | None = None,
    sure: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Return the cross-entropy over all entities, summed over answers (equations 9 and 10).

    `scores` (B, N); answer `answers[i]` belongs to query `rows[i]`, both (P,), so a query may
    have many answers. `smoothing` moves that share of the target to all entities evenly.

    Where the N candidates are a sample, `log_share` (N,) is the logarithm of the probability with
    which each got into it, and each stands for one over that many entities: the sums over all
    entities are then estimated without bias (Horvitz and Thompson 1952). `sure` are the places
    (row, candidate) of the candidates that a query brings itself, which stand for themselves.
    """
    stands_for = _log_share_of_each(scores, log_share, sure)
    # The log-probabilities: one pass over the scores for values and one for gradients.
    likely = (scores if stands_for is None else scores - stands_for).log_softmax(1)
    loss = -likely[rows, answers].sum()
    if not smoothing:
        return loss
    if stands_for is not None and log_share is not None:
        mean = (likely + stands_for) @ (-log_share).softmax(0)  # estimated, over all entities
    else:
        mean = likely.mean(1)
    return (1 - smoothing) * loss - smoothing * mean[rows].sum()


def _log_share_of_each(
    scores: Tensor, log_share: Tensor | None, sure: tuple[Tensor, Tensor] | None
) -> Tensor | None:
    """Return the log probability of each candidate for each query, (B, R), None where all are."""
    if log_share is None or sure is None:
        return None
    each = log_share.to(scores.dtype).expand_as(scores).clone()
    each[sure] = 0
    return each
