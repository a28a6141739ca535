"""From a token cache to what is read of it: the tokens kept of each entity, or all with counts."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mygo_cli.cache.finding import check_cache_fits, out_of_date
from mygo_cli.cache.format import DONE, TokenCache, opened
from mygo_cli.cache.sources import entity_chunks
from mygo_cli.errors import DataError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Array
from mygo_cli.tokens.selection import TokenTable, select_tokens

log = logging.getLogger(__name__)


def load_tokens(
    path: str | Path, graph: KnowledgeGraph, keep: int, max_images: int | None = None
) -> TokenTable:
    """Return the `keep` most frequent tokens of each entity of `graph` from the cache at `path`.

    Of each entity only the first `max_images` items are read. Raises `DataError` for a cache of
    other entities or without a codebook. Logs a warning where the cache is unfinished or the
    graph's media changed since.
    """
    cache = TokenCache.open(Path(path))
    check_cache_fits(cache, graph)
    if not cache.has_codebook:
        raise DataError(f"{path} holds no tokens yet.", "Give the same mygo tokenize again.")
    _note_shortcomings(cache, graph)
    return table_of(cache, len(graph.entities), keep, max_images)


def table_of(
    cache: TokenCache, num_entities: int, m: int, max_images: int | None = None
) -> TokenTable:
    """Return the m most frequent tokens of each entity; rows are read from the file in pieces."""
    with opened(cache.path) as file:
        items = file["items"]
        return select_tokens(
            items["entity"][:],
            items["tokens"],
            np.where(items["status"][:] == DONE, items["length"][:], 0),
            num_entities=num_entities,
            m=m,
            drop_ids=cache.header.info.drop_ids,
            codebook=file["codebook"][:],
            max_images=max_images,
        )


def _note_shortcomings(cache: TokenCache, graph: KnowledgeGraph) -> None:
    """Say what a user of the cache should know."""
    if not cache.complete:
        log.warning(f"{cache.path} is unfinished; mygo tokenize goes on with it.")
    if reason := out_of_date(cache, graph):
        log.warning(f"{cache.path} is out of date: {reason}. mygo tokenize makes it anew.")


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
