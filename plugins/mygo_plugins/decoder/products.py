"""Products of queries with entity vectors, exact where half precision would lose them."""

from __future__ import annotations

from torch import Tensor


def products(query: Tensor, entities: Tensor, training: bool) -> Tensor:
    """Return query . entity, (B, N), for `query` (B, D) and `entities` (N, D).

    In training each question's scores are less by their mean. Neither softmax nor a rank sees
    that, so nothing holds back what all entities have in common: it may grow until the scores of
    a question are large and nearly the same, and bf16 rounds away what sets them apart. Without
    the mean entity vector neither scores nor gradients contain it.
    """
    return query @ (entities - entities.mean(0) if training else entities).T
