"""All tokens of each entity with their counts: what probe and token experts read of a modality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mygo_cli.graph.triples import Array


@dataclass(frozen=True)
class TokenCounts:
    """The distinct tokens of each of E entities, in compressed rows.

    Entity i has the tokens `tokens[start[i]:start[i + 1]]`, ascending, each `counts[...]` times;
    `start` int64 (E + 1,), `tokens` and `counts` int64 (P,). Ids in `drop_ids` are left out.
    """

    start: Array
    tokens: Array
    counts: Array

    @property
    def has_tokens(self) -> Array:
        """Which entities have a token, bool (E,)."""
        has: Array = np.diff(self.start) > 0
        return has


@dataclass(frozen=True)
class TokenBags:
    """The distinct tokens of each of E entities, in compressed rows.

    Entity e has the tokens `ids[start[e]:start[e + 1]]`, rows of `codes`, with as many `weights`:
    1 + log of the count, an entity's weights scaled to length 1. `start` int64 [E + 1], `ids`
    int64 [P], `weights` float32 [P], `codes` float32 [K, dim]. Where nobody has a token `codes` is
    one row of zeros.
    """

    start: Array
    ids: Array
    weights: Array
    codes: Array


def count_tokens(entity: Array, token: Array, num_entities: int, vocab_size: int) -> TokenCounts:
    """Return the counts over positions: `entity` and `token` int64 [P] say whose, and what."""
    pair, counts = np.unique(entity * vocab_size + token, return_counts=True)
    edges = np.searchsorted(pair // vocab_size, np.arange(num_entities + 1))
    return TokenCounts(edges, pair % vocab_size, counts)


def bags_of(entity: Array, token: Array, num_entities: int, codebook: Array) -> TokenBags:
    """Return the bags of positions: `entity` and `token` int64 [P] say whose each is, and what."""
    counted = count_tokens(entity, token, num_entities, len(codebook))
    owner = np.repeat(np.arange(num_entities), np.diff(counted.start))
    used, ids = np.unique(counted.tokens, return_inverse=True)
    weights = 1 + np.log(counted.counts)
    length = np.sqrt(np.bincount(owner, weights**2, minlength=num_entities))
    codes = codebook[used] if len(used) else np.zeros((1, codebook.shape[1]))
    return TokenBags(
        counted.start.astype(np.int64),
        ids.reshape(-1).astype(np.int64),
        (weights / length[owner]).astype(np.float32),
        np.ascontiguousarray(codes, dtype=np.float32),
    )


def whitened(codes: Array) -> Array:
    """Return codes (K, dim) turned and scaled so that all directions spread alike, float32.

    With C the centred codes and C^T C = V L V^T, that is C V (L / K)^-1/2. Neighbouring codes of a
    codebook are nearly parallel, and what tells them apart lies in the directions of little
    spread. Directions without any spread become zeros.
    """
    centred = codes.astype(np.float64) - codes.mean(0, dtype=np.float64)
    spread, axes = np.linalg.eigh(centred.T @ centred / len(codes))
    spans = spread > 1e-9 * max(float(spread.max(initial=0.0)), 1e-12)
    scale = np.where(spans, np.maximum(spread, 1e-300) ** -0.5, 0.0)
    white: Array = ((centred @ axes) * scale).astype(np.float32)
    return white
