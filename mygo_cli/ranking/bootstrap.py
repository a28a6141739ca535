"""How sure a metric is: intervals from resampled triples, the same ones for every model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mygo_cli.graph.triples import Array

Values = np.ndarray[Any, np.dtype[np.float64]]
Names = np.ndarray[Any, np.dtype[np.object_]]

RESAMPLES = 10_000
LEVEL = 0.95
BLOCK_NUMBERS = 1 << 22  # at most so many counts are in memory at once


class Interval(NamedTuple):
    """The middle `LEVEL` of what the resamples gave."""

    low: float
    high: float


@dataclass(frozen=True)
class Compared:
    """The mean of one model over the triples, and how it differs from that of the first model.

    `better` is the share of resamples in which it is above the first.
    """

    mean: float
    interval: Interval
    difference: float
    difference_interval: Interval
    better: float


def compare_means(values: Values, resamples: int = RESAMPLES, seed: int = 0) -> list[Compared]:
    """Return what a paired bootstrap says of R models, given a value for each of T triples, (R, T).

    Each resample draws T triples with replacement and takes the mean of every model over the same
    ones (Efron and Tibshirani 1993, percentile intervals); the first model is what the others are
    held against. The same `seed` draws the same resamples.
    """
    differences = values - values[0]
    both = np.concatenate([values, differences])
    means = np.concatenate(list(_resampled_means(both, resamples, seed)))
    return [
        Compared(
            mean=float(values[row].mean()),
            interval=_interval(means[:, row]),
            difference=float(differences[row].mean()),
            difference_interval=_interval(means[:, len(values) + row]),
            better=float((means[:, len(values) + row] > 0).mean()),
        )
        for row in range(len(values))
    ]


@dataclass(frozen=True)
class RelationCompared:
    """The comparison on those of the triples that have one relation."""

    relation: str
    triples: int
    compared: list[Compared]


def compare_relations(values: Values, relations: Names) -> list[RelationCompared]:
    """Return the comparison of R models for each relation, those with most triples first.

    `values` (R, T) are those of the triples, whose relations have the names `relations` (T,).
    """
    names, counts = np.unique(relations, return_counts=True)
    return [
        RelationCompared(
            str(names[row]), int(counts[row]), compare_means(values[:, relations == names[row]])
        )
        for row in np.argsort(-counts, kind="stable")
    ]


def _resampled_means(values: Values, resamples: int, seed: int) -> Iterator[Values]:
    """Yield the means (B, R) over resamples of the columns of `values` (R, T), block by block."""
    random = np.random.default_rng(seed)
    total = values.shape[1]
    block = max(1, BLOCK_NUMBERS // total)
    for first in range(0, resamples, block):
        size = min(block, resamples - first)
        drawn = random.integers(0, total, (size, total), dtype=np.int32)
        places = drawn + total * np.arange(size)[:, None]
        counts = np.bincount(places.ravel(), minlength=size * total).reshape(size, total)
        yield counts @ values.T / total


def _interval(means: Values) -> Interval:
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def per_triple(ranks: Values, triple: Array, total: int) -> Values:
    """Return the mean reciprocal rank of each triple, (T,), over the ranks (P,) that it has.

    Rank i belongs to triple `triple[i]`; every triple has the same number of ranks, so the mean
    over triples is the MRR.
    """
    sums = np.bincount(triple, weights=1 / ranks, minlength=total)
    return sums / (len(ranks) / total)
