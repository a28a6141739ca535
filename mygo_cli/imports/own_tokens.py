"""Token files of one's own for a graph that is there already."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mygo_cli.cache.stats import Summary
from mygo_cli.errors import DataError, UsageError
from mygo_cli.graph.findings import some
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.looks import Spellings
from mygo_cli.imports.codebook import read_codebook
from mygo_cli.imports.token_cache import rows_of_keys, write_token_cache
from mygo_cli.imports.token_json import TokenFile, read_token_json

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OwnTokens:
    """A token file with its codebook, and the ids that selection is to ignore."""

    file: Path
    codebook: Path
    modality: str
    drop_ids: Sequence[int] = ()
    skip_unknown: bool = False


def import_tokens(graph: KnowledgeGraph, own: OwnTokens, caches: Path) -> Summary:
    """Fill a token cache of `graph` from a token file; return how it stands.

    Keys are entity ids or, where none is called so, display names. Raises `MygoError`, one line
    with file and key, for whatever does not fit together.
    """
    tokens = read_token_json(own.file)
    codebook = read_codebook(own.codebook)
    if wrong := [number for number in own.drop_ids if not 0 <= number < len(codebook)]:
        raise UsageError(
            f"--drop-id {wrong[0]} is outside the codebook, which has {len(codebook):,} rows."
        )
    row_of = _rows_by_name(graph) | graph.entity_row
    _refuse_shared_names(tokens, row_of, graph)
    if own.skip_unknown:
        tokens = _known(tokens, row_of)
    rows = rows_of_keys(
        tokens, row_of, f"an entity of {graph.folder}", "Mend it, or add --skip-unknown."
    )
    return write_token_cache(caches, graph, own.modality, tokens, rows, codebook, own.drop_ids)


def _rows_by_name(graph: KnowledgeGraph) -> dict[str, int]:
    """Return the row of each display name that one entity alone has."""
    count = Counter(graph.names)
    return {name: row for row, name in enumerate(graph.names) if count[name] == 1}


def _refuse_shared_names(
    tokens: TokenFile, row_of: Mapping[str, int], graph: KnowledgeGraph
) -> None:
    """Raise `DataError` for a key that is the name of several entities: whose are its tokens?"""
    names = set(graph.names)
    shared = (key for key in tokens.sequences if key in names and key not in row_of)
    if (key := next(shared, None)) is not None:
        ids = [graph.entities[row] for row, name in enumerate(graph.names) if name == key]
        raise DataError(
            f"{tokens.path}: the key {key} is the name of {len(ids)} entities of {graph.folder}.",
            f"Take their ids as keys: {some(ids)}.",
        )


def _known(tokens: TokenFile, row_of: dict[str, int]) -> TokenFile:
    """Return the tokens of entities alone; say on stderr how many keys were left out."""
    spellings = Spellings(row_of)
    kept = {key: ids for key, ids in tokens.sequences.items() if spellings.find(key) is not None}
    if left_out := len(tokens.sequences) - len(kept):
        log.warning(f"{tokens.path}: {left_out:,} keys that are no entity were left out.")
    return dataclasses.replace(tokens, sequences=kept)
