"""The tokens of an entity that no cache holds, chosen and counted as those of a graph are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mygo_cli.cache.format import TokenCache
from mygo_cli.graph.triples import Array
from mygo_cli.tokens.selection import TokenTable, counted_positions, padded, select_tokens


@dataclass(frozen=True)
class UnseenTokens:
    """What is read of one modality of an unseen entity.

    `table` (one entity) holds the tokens that it keeps, for the joint model. Experts read all: the
    `ids` int64 (P,), rows of the P codes that stand in their cache, ascending, and their `weights`
    float32 (P,), 1 + log of the count. They learned nothing of any other code.
    """

    table: TokenTable
    ids: Array
    weights: Array


@dataclass(frozen=True)
class ItemReader:
    """How a cache's tokens are read: `keep` of the first `max_items` items of an entity.

    `known` int64 (K,) are the ids that stand in the cache, ascending, None where no expert reads.
    `weights` are what tokens count in selection, as in `select_tokens`.
    """

    cache: TokenCache
    codebook: Array
    known: Array | None
    keep: int
    max_items: int | None
    weights: Array | None = None

    def read(self, items: Sequence[Array]) -> UnseenTokens:
        """Return what is read of the token ids of an entity's `items`, int64 (T,) each."""
        info = self.cache.header.info
        tokens, length = padded(items)
        owned = np.zeros(len(items), dtype=np.int64), tokens, length
        table = select_tokens(
            *owned,
            num_entities=1,
            m=self.keep,
            drop_ids=info.drop_ids,
            codebook=self.codebook,
            max_images=self.max_items,
            weights=self.weights,
        )
        parts = counted_positions(*owned, info.drop_ids, info.vocab_size, self.max_items)
        positions = np.concatenate([np.zeros(0, dtype=np.int64), *(token for _, token in parts)])
        return UnseenTokens(table, *self._learned(positions))

    def _learned(self, positions: Array) -> tuple[Array, Array]:
        """Return rows and weights of the distinct codes at some positions that stand in `known`."""
        if self.known is None:
            return positions[:0], np.zeros(0, dtype=np.float32)
        distinct, counts = np.unique(positions, return_counts=True)
        learned = np.isin(distinct, self.known)
        ids = np.searchsorted(self.known, distinct[learned])
        return ids, (1 + np.log(counts[learned])).astype(np.float32)
