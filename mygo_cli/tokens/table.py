"""From a token cache to what the model reads of it."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from mygo_cli.cache.finding import check_cache_fits, out_of_date
from mygo_cli.cache.format import DONE, TokenCache, opened
from mygo_cli.errors import DataError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
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
