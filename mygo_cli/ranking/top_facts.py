"""The most plausible facts so far: exactly the best N of all that were offered, each once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray[Any, Any]


class Facts(NamedTuple):
    """K facts in columns, all (K,).

    `key` int64 as `KnowledgeGraph.fact_keys` gives it; the natural logarithms of plausibility and
    probability, float64; the decoder's `score`, float32; `asked_head` bool, the side that the
    question had asked for.
    """

    key: Array
    log_plausibility: Array
    log_probability: Array
    score: Array
    asked_head: Array

    def rows(self, chosen: Array) -> Facts:
        """Return the facts in the rows `chosen`, in that order."""
        return Facts(*(column[chosen] for column in self))


NO_FACTS = Facts(*(np.zeros(0, kind) for kind in ("i8", "f8", "f8", "f4", "?")))


class TopFacts:
    """The best `limit` facts of all that were offered, by plausibility, then by key.

    A fact that was offered from both sides is kept as its more plausible offer, from the tail's
    side if they are equal. Holds about twice `limit` facts and one offer.
    """

    def __init__(self, limit: int, facts: Facts = NO_FACTS) -> None:
        self.limit = limit
        self._best = facts
        self._offers: list[Facts] = []

    @property
    def floor(self) -> float:
        """Return the log-plausibility below which no offer can matter any more."""
        full = len(self._best.key) == self.limit
        return float(self._best.log_plausibility[-1]) if full else -np.inf

    def promising(self, log_plausibility: Tensor) -> tuple[Tensor, Tensor]:
        """Return rows and columns of the offers (B, N) that may be among the best.

        The offers are of different facts, -inf for none. Equals of the last one are kept: their
        keys decide.
        """
        wanted = (log_plausibility > -torch.inf) & (log_plausibility >= self.floor)
        values = log_plausibility[wanted]
        if len(values) > self.limit:
            wanted &= log_plausibility >= values.topk(self.limit).values[-1]
        rows, columns = wanted.nonzero(as_tuple=True)
        return rows, columns

    def offer(self, facts: Facts) -> None:
        """Take in facts; they may be on the list already."""
        self._offers.append(facts)
        if sum(len(offer.key) for offer in self._offers) >= self.limit:
            self._settle()

    def best(self) -> Facts:
        """Return the best facts so far, best first."""
        self._settle()
        return self._best

    def _settle(self) -> None:
        columns = zip(self._best, *self._offers, strict=True)
        everything = Facts(*(np.concatenate(parts) for parts in columns))
        self._best, self._offers = _chosen(everything, self.limit), []


def _chosen(facts: Facts, limit: int) -> Facts:
    """Return the best `limit` distinct facts, best first."""
    # By fact, its best offer first: then the first of each fact, which are in the order of keys.
    found = facts.rows(np.lexsort((facts.asked_head, -facts.log_plausibility, facts.key)))
    fresh = np.ones(len(found.key), dtype=bool)
    fresh[1:] = found.key[1:] != found.key[:-1]
    found = found.rows(np.flatnonzero(fresh))
    return found.rows(np.argsort(-found.log_plausibility, kind="stable")[:limit])
