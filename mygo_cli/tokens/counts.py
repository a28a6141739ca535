"""How often each entity has each token: all that its pictures or text say, nothing chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mygo_cli.cache.format import DONE, TokenCache, opened
from mygo_cli.cache.sources import entity_chunks

Array = np.ndarray[Any, Any]


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


def token_counts(cache: TokenCache, num_entities: int) -> TokenCounts:
    """Return the counts of all tokens of each of `num_entities` entities, over all its items."""
    vocab_size = cache.header.info.vocab_size
    keep = np.ones(vocab_size, dtype=bool)
    keep[list(cache.header.info.drop_ids)] = False
    pairs, counts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    with opened(cache.path) as file:
        items, width = file["items"], cache.header.info.max_tokens
        entity = items["entity"][:].astype(np.int64)
        length = np.where(items["status"][:] == DONE, items["length"][:], 0).astype(np.int64)
        for start, stop in entity_chunks(entity, width):
            valid = np.arange(width) < length[start:stop, None]
            token = items["tokens"][start:stop][valid].astype(np.int64)
            owner = np.repeat(entity[start:stop], length[start:stop])
            pair, count = np.unique(
                owner[keep[token]] * vocab_size + token[keep[token]], return_counts=True
            )
            pairs.append(pair)
            counts.append(count)
    pair = np.concatenate(pairs)
    owner = pair // vocab_size
    edges = np.searchsorted(owner, np.arange(num_entities + 1))
    return TokenCounts(edges, pair % vocab_size, np.concatenate(counts))
