"""The tokens that one entity keeps, and where in its pictures or text each of them stands."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np

from mygo_cli.cache.format import TokenCache, opened
from mygo_cli.cache.sources import DONE
from mygo_cli.cache.sums import StoredTokens
from mygo_cli.graph.triples import Array
from mygo_cli.settings.sections import SelectBy
from mygo_cli.tokens.selection import padded, select_tokens
from mygo_cli.tokens.table import weights_of


@dataclass(frozen=True)
class Item:
    """One picture or text of an entity: its token ids in raster or reading order."""

    key: str
    tokens: Array


@dataclass(frozen=True)
class KeptToken:
    """A token that selection keeps: how often it occurs, and where, by the item's key.

    A place is the position in the item's sequence, from 0.
    """

    token: int
    count: int
    places: dict[str, list[int]]


@dataclass(frozen=True)
class KeptTokens:
    """What selection makes of an entity's items of one modality, what counts most first."""

    items: list[Item]
    kept: list[KeptToken]
    failures: list[tuple[str, str]]


def kept_tokens(
    cache: TokenCache,
    row: int,
    m: int,
    select_by: SelectBy = "frequency",
    max_images: int | None = None,
) -> KeptTokens:
    """Return the m tokens of the entity in `row` that count most, as the model would read them.

    Arguments as for `load_tokens`; the items are all there are.
    """
    items, failures = _items_of(cache, row)
    read = [item for item in items if len(item.tokens)][:max_images]
    table = select_tokens(
        np.zeros(len(read), dtype=np.int64),
        *padded([item.tokens for item in read]),
        num_entities=1,
        m=m,
        drop_ids=cache.header.info.drop_ids,
        codebook=np.zeros((cache.header.info.vocab_size, 1), dtype=np.float32),
        weights=weights_of(cache, select_by, max_images),
    )
    chosen = table.vocabulary[table.ids[0][table.mask[0]]]
    return KeptTokens(items, [_found(int(token), read) for token in chosen], failures)


def grid_of(tokens: int) -> int | None:
    """Return how many patches a side has when `tokens` patches make a square, else None."""
    side = isqrt(tokens)
    return side if side and side * side == tokens else None


def _items_of(cache: TokenCache, row: int) -> tuple[list[Item], list[tuple[str, str]]]:
    """Return what an entity has in a cache: its items that are done, and those that failed."""
    with opened(cache.path) as file:
        items = file["items"]
        owner = items["entity"][:]
        rows = slice(*(int(edge) for edge in np.searchsorted(owner, [row, row + 1])))
        keys, errors = items["key"].asstr()[rows], items["error"].asstr()[rows]
        status, tokens, length = (
            items["status"][rows],
            StoredTokens(file)[rows],
            items["length"][rows],
        )
    done = [place for place in range(len(keys)) if status[place] == DONE]
    return (
        [Item(str(keys[place]), tokens[place, : length[place]].astype(np.int64)) for place in done],
        [(str(key), str(error)) for key, error in zip(keys, errors, strict=True) if error],
    )


def _found(token: int, items: list[Item]) -> KeptToken:
    places = {item.key: np.flatnonzero(item.tokens == token).tolist() for item in items}
    places = {key: found for key, found in places.items() if found}
    return KeptToken(token, sum(map(len, places.values())), places)
