"""A token cache filled with tokens that were made elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mygo_cli.cache.finding import TEXT, cache_path
from mygo_cli.cache.format import IMPORTED, Header, TokenCache
from mygo_cli.cache.opening import is_complete, open_to_fill
from mygo_cli.cache.sources import PENDING, TEXT_KEY, Sources
from mygo_cli.cache.stats import Summary, summarize
from mygo_cli.contracts import TokenizerInfo
from mygo_cli.errors import DataError, suggest
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.looks import Spellings
from mygo_cli.graph.triples import Array
from mygo_cli.imports.token_json import TokenFile

AT_ONCE = 4096


def rows_of_keys(
    tokens: TokenFile, row_of: Mapping[str, int], known_as: str, way_out: str
) -> dict[str, int]:
    """Return the entity row of each key; raise `DataError` where one is no entity.

    A key may also look like an entity without being written so. `known_as` says what the keys
    should be.
    """
    spellings = Spellings(row_of)
    found = {key: spellings.find(key) for key in tokens.sequences}
    unknown = [key for key, entity in found.items() if entity is None]
    if unknown:
        more = f" ({len(unknown):,} of {len(tokens.sequences):,} keys)" if unknown[1:] else ""
        raise DataError(
            f"{tokens.path}: the key {unknown[0]} is not {known_as}{more}.",
            f"{suggest(unknown[0], row_of)} {way_out}".strip(),
        )
    return {key: row_of[entity] for key, entity in found.items() if entity is not None}


def write_token_cache(
    folder: Path,
    graph: KnowledgeGraph,
    modality: str,
    tokens: TokenFile,
    rows: Mapping[str, int],
    codebook: Array,
    drop_ids: Sequence[int] = (),
) -> Summary:
    """Fill the cache of a graph and modality with tokens made elsewhere; return how it stands.

    `rows` gives the entity of each key of `tokens`, `codebook` float32 [vocab, dim] the embedding
    of each token id. A cache that holds the same is left as it is and becomes the newest. Raises
    `DataError` for ids outside the codebook, and where the cache is another graph's or cannot be
    written.
    """
    check_ids(tokens, len(codebook))
    owner, keys, sequences = _items(graph, modality, tokens, rows)
    info = TokenizerInfo(
        vocab_size=len(codebook),
        dim=codebook.shape[1],
        max_tokens=max(map(len, sequences)),
        fingerprint=hashlib.sha256(f"{codebook.shape}".encode() + codebook.tobytes()).hexdigest(),
        drop_ids=tuple(drop_ids),
    )
    sources = Sources(np.array(owner, dtype=np.int32), tuple(keys), _digest(keys, sequences))
    header = Header(
        modality=modality,
        backend=IMPORTED,
        backend_package="",
        options={"file": str(tokens.path)},
        info=info,
        dataset=graph.name,
        entities_sha256=graph.entities_sha256,
        sources_sha256=sources.sha256,
    )
    path = cache_path(folder, graph.name, modality, IMPORTED, info.fingerprint)
    _refuse_anothers(path, graph)
    new = 0
    if not is_complete(path, header):
        with open_to_fill(path, header, graph.entities, sources, force=False) as writer:
            writer.write_codebook(codebook)
            pending = np.flatnonzero(writer.status == PENDING)
            for first in range(0, len(pending), AT_ONCE):
                some = pending[first : first + AT_ONCE]
                writer.write_done(some, [sequences[row] for row in some])
            writer.finish()
            new = len(pending)
    return summarize(path, new)


def _refuse_anothers(path: Path, graph: KnowledgeGraph) -> None:
    """Raise `DataError` for a cache of other entities: a graph in a folder of the same name."""
    try:
        there = TokenCache.open(path).header.entities_sha256
    except DataError:  # none is there, or a damaged one
        return
    if there != graph.entities_sha256:
        raise DataError(
            f"{path} holds the tokens of another graph {graph.name}.",
            "Name another folder with --cache-dir, or delete the file.",
        )


def check_ids(tokens: TokenFile, vocab_size: int) -> None:
    """Raise `DataError` for the first token id that the codebook has no row for."""
    for key, sequences in tokens.sequences.items():
        largest = max((int(ids.max()) for ids in sequences if len(ids)), default=0)
        if largest >= vocab_size:
            raise DataError(
                f"{tokens.path}: {key}: the token id {largest} is outside the codebook, which has "
                f"{vocab_size:,} rows.",
                "Name the codebook that belongs to these tokens.",
            )


def _items(
    graph: KnowledgeGraph, modality: str, tokens: TokenFile, rows: Mapping[str, int]
) -> tuple[list[int], list[str], list[Array]]:
    """Return entity row, key and token ids of each item that has any, ascending by row."""
    owner: list[int] = []
    keys: list[str] = []
    found: list[Array] = []
    for key, row in sorted(rows.items(), key=lambda item: item[1]):
        if owner and owner[-1] == row:
            entity = graph.entities[row]
            raise DataError(f"{tokens.path}: two keys mean {entity}, {key} is one of them.")
        sequences = [ids for ids in tokens.sequences[key] if len(ids)]
        if modality == TEXT and sequences:
            sequences = [np.concatenate(sequences)]
        for number, ids in enumerate(sequences, 1):
            owner.append(row)
            keys.append(TEXT_KEY if modality == TEXT else f"{graph.entities[row]}/{number}")
            found.append(ids)
    if not found:
        raise DataError(f"{tokens.path} holds no tokens.", "Give at least one entity some.")
    return owner, keys, found


def _digest(keys: Sequence[str], sequences: Sequence[Array]) -> str:
    """Return the identity of the items: each key with the sha256 of its ids."""
    digest = hashlib.sha256()
    for key, ids in zip(keys, sequences, strict=True):
        digest.update(key.encode() + b"\0" + hashlib.sha256(ids.tobytes()).digest())
    return digest.hexdigest()
