"""All tokens of each entity with their counts: what the token experts read of one modality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mygo_cli.graph.triples import Array


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


def bags_of(entity: Array, token: Array, num_entities: int, codebook: Array) -> TokenBags:
    """Return the bags of positions: `entity` and `token` int64 [P] say whose each is, and what."""
    pair, count = np.unique(entity * len(codebook) + token, return_counts=True)
    owner, token = np.divmod(pair, len(codebook))
    used, ids = np.unique(token, return_inverse=True)
    weights = 1 + np.log(count)
    length = np.sqrt(np.bincount(owner, weights**2, minlength=num_entities))
    codes = codebook[used] if len(used) else np.zeros((1, codebook.shape[1]))
    return TokenBags(
        np.searchsorted(owner, np.arange(num_entities + 1)).astype(np.int64),
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
