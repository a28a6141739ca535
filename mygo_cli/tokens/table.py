"""From a token cache to what is read of it: the tokens kept of each entity, or all with counts."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from mygo_cli.cache.finding import check_cache_fits, out_of_date
from mygo_cli.cache.format import TokenCache, opened
from mygo_cli.cache.sources import DONE
from mygo_cli.cache.sums import StoredTokens, stored_codebook
from mygo_cli.errors import DataError, at_least_one
from mygo_cli.files import expanded
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Array
from mygo_cli.settings.sections import SelectBy
from mygo_cli.tokens.bags import TokenCounts, bags_of, count_tokens
from mygo_cli.tokens.selection import (
    TokenTable,
    counted_positions,
    select_tokens,
    token_weights,
)

log = logging.getLogger(__name__)


def load_tokens(
    path: str | Path,
    graph: KnowledgeGraph,
    keep: int,
    max_images: int | None = None,
    with_bags: bool = False,
    select_by: SelectBy = "frequency",
) -> TokenTable:
    """Return the `keep` tokens that count most of each entity of `graph`, from a cache's file.

    Of each entity only the first `max_images` items are read. `with_bags` adds all tokens of each,
    which the token experts read. `select_by` frequency keeps the most frequent ones, tfidf weighs
    down those that many entities have.

    Raises `UsageError` for a `keep` below 1, `DataError` for a cache of other entities or without a
    codebook. Logs a warning where the cache is unfinished or the graph's media changed since.
    """
    at_least_one("keep", keep)
    cache = TokenCache.open(expanded(path))
    check_cache_fits(cache, graph)
    if not cache.has_codebook:
        raise DataError(f"{path} holds no tokens yet.", "Give the same mygo tokenize again.")
    _note_shortcomings(cache, graph)
    table = table_of(cache, len(graph.entities), keep, max_images, select_by)
    if not with_bags:
        return table
    owner, token = positions_of(cache, max_images)
    bags = bags_of(owner, token, len(graph.entities), cache.codebook())
    return replace(table, bags=bags)


def table_of(
    cache: TokenCache,
    num_entities: int,
    m: int,
    max_images: int | None = None,
    select_by: SelectBy = "frequency",
) -> TokenTable:
    """Return the m tokens that count most of each entity; rows are read in pieces."""
    weights = weights_of(cache, select_by, max_images)
    with opened(cache.path) as file:
        items = file["items"]
        return select_tokens(
            items["entity"][:],
            StoredTokens(file),
            np.where(items["status"][:] == DONE, items["length"][:], 0),
            num_entities=num_entities,
            m=m,
            drop_ids=cache.header.info.drop_ids,
            codebook=stored_codebook(file),
            max_images=max_images,
            weights=weights,
        )


def weights_of(
    cache: TokenCache, select_by: SelectBy, max_images: int | None = None
) -> Array | None:
    """Return what each token of a cache counts in selection, None where all count the same."""
    if select_by == "frequency":
        return None
    owner, token = positions_of(cache, max_images)
    vocab_size = cache.header.info.vocab_size
    counts = count_tokens(owner, token, cache.num_entities, vocab_size)
    return token_weights(counts.start, counts.tokens, vocab_size)


def _note_shortcomings(cache: TokenCache, graph: KnowledgeGraph) -> None:
    """Say what a user of the cache should know."""
    if not cache.complete:
        log.warning(f"{cache.path} is unfinished; mygo tokenize goes on with it.")
    if reason := out_of_date(cache, graph):
        log.warning(f"{cache.path} is out of date: {reason}. mygo tokenize makes it anew.")


def token_counts(cache: TokenCache, num_entities: int) -> TokenCounts:
    """Return the counts of all tokens of each of `num_entities` entities, over all its items."""
    owner, token = positions_of(cache)
    return count_tokens(owner, token, num_entities, cache.header.info.vocab_size)


def positions_of(cache: TokenCache, max_images: int | None = None) -> tuple[Array, Array]:
    """Return the entity and the token id of every position that counts, both int64 (P,)."""
    info = cache.header.info
    with opened(cache.path) as file:
        items = file["items"]
        length = np.where(items["status"][:] == DONE, items["length"][:], 0)
        parts = counted_positions(
            items["entity"][:],
            StoredTokens(file),
            length,
            info.drop_ids,
            info.vocab_size,
            max_images,
        )
        none = np.zeros(0, dtype=np.int64)
        owner, token = zip((none, none), *parts, strict=True)
    return np.concatenate(owner), np.concatenate(token)
