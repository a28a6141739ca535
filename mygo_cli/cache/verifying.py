"""Does a token cache hold what the format promises, and does it belong to a graph?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from mygo_cli.cache.finding import IMAGE, TEXT, whose_entities
from mygo_cli.cache.format import TokenCache, opened
from mygo_cli.cache.sources import DONE, TEXT_KEY, image_sources, text_sources
from mygo_cli.errors import DataError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Array
from mygo_cli.progress import Progress, silent

ROWS_AT_ONCE = 4096


def find_faults(
    path: Path, graph: KnowledgeGraph | None = None, progress: Progress = silent
) -> list[str]:
    """Return what is wrong with a cache, one line each; none for a good one.

    With a graph also whether entities, pictures and texts are those that the cache was made of,
    for which every picture is read.
    """
    try:
        cache = TokenCache.open(path)
        cache.check_content()
        with opened(path) as file:
            faults = [*_item_faults(cache, file), *_token_faults(cache, file)]
            faults += _codebook_faults(cache, file)
    except DataError as error:
        return [error.problem.removeprefix(str(path)).lstrip(": ").rstrip(".")]
    return faults + (_misfits(cache, graph, progress) if graph else [])


def _item_faults(cache: TokenCache, file: h5py.File) -> Iterator[str]:
    entities, owner = cache.entities, file["items/entity"][:]
    if (
        hashlib.sha256("\n".join(entities).encode("utf-8", "replace")).hexdigest()
        != cache.header.entities_sha256
    ):
        yield "entities are not those that entities_sha256 says"
    keys = cache.keys()
    if cache.header.modality == IMAGE and len(set(keys)) < len(keys):
        yield "items/key names a picture twice"
    if cache.header.modality == TEXT and (
        set(keys) - {TEXT_KEY} or len(np.unique(owner)) < len(owner)
    ):
        yield "items/key does not name one text per entity"
    silent = sum(not reason for _, reason in cache.failures())
    if silent:
        yield f"{silent:,} failed items give no reason"


def _token_faults(cache: TokenCache, file: h5py.File) -> Iterator[str]:
    """Look behind the tokens of items that are done, some rows at a time."""
    info, items = cache.header.info, file["items"]
    padded = 0
    for start in range(0, len(items["status"]), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        done = items["status"][rows] == DONE
        tokens, length = items["tokens"][rows][done], items["length"][rows][done]
        valid = np.arange(info.max_tokens) < length[:, None]
        padded += int((~valid & (tokens != 0)).any(axis=1).sum())
    if padded:
        yield f"{padded:,} items have something behind their last token"


def _codebook_faults(cache: TokenCache, file: h5py.File) -> Iterator[str]:
    codebook: Array = file["codebook"][:]
    if not np.isfinite(codebook).all():
        yield "codebook is not finite"
    if not cache.has_codebook and (cache.status() == DONE).any():
        yield "items are done, and the codebook is not stored"


def _misfits(cache: TokenCache, graph: KnowledgeGraph, progress: Progress) -> list[str]:
    """Return how a cache differs from what would be made of a graph now."""
    if made_for := whose_entities(cache, graph):
        return [f"it was made for {made_for}"]
    if cache.imported:  # what it was made of is not here
        return []
    if cache.header.modality == TEXT:
        sources = text_sources(graph)[0]
    else:
        sources = image_sources(graph, progress=progress)
    if sources.sha256 == cache.header.sources_sha256:
        return []
    what = "texts" if cache.header.modality == TEXT else "pictures"
    return [f"the {what} of {graph.folder} changed since it was made"]
