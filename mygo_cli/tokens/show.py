"""The tokens of one entity: which are kept, and where in its pictures or text each of them stands."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mygo_cli.cache.finding import IMAGE, TEXT, newest_cache
from mygo_cli.cache.format import DONE, Array, TokenCache, opened
from mygo_cli.errors import DataError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.pictures import quiet_pillow, read_picture
from mygo_cli.tokenizing.plugins import rebuild
from mygo_cli.tokens.page import contact_sheet, entity_page, mark_patches
from mygo_cli.tokens.selection import select_tokens


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
    """What selection makes of one entity's items of one modality, most frequent token first."""

    items: list[Item]
    kept: list[KeptToken]
    failures: list[tuple[str, str]]


def kept_tokens(cache: TokenCache, row: int, m: int) -> KeptTokens:
    """Return the m most frequent tokens of the entity in `row`, as the model would read them."""
    items, failures = _items_of(cache, row)
    width = max((len(item.tokens) for item in items), default=0)
    tokens = np.zeros((len(items), width), dtype=np.int64)
    for place, item in enumerate(items):
        tokens[place, : len(item.tokens)] = item.tokens
    table = select_tokens(
        np.zeros(len(items), dtype=np.int64),
        tokens,
        np.array([len(item.tokens) for item in items], dtype=np.int64),
        num_entities=1,
        m=m,
        drop_ids=cache.info.drop_ids,
        codebook=np.zeros((cache.info.vocab_size, 1), dtype=np.float32),
    )
    chosen = table.vocabulary[table.ids[0][table.mask[0]]]
    return KeptTokens(items, [_found(int(token), items) for token in chosen], failures)


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
        status, tokens, length = items["status"][rows], items["tokens"][rows], items["length"][rows]
    done = [place for place in range(len(keys)) if status[place] == DONE]
    return (
        [Item(str(keys[place]), tokens[place, : length[place]].astype(np.int64)) for place in done],
        [(str(key), str(error)) for key, error in zip(keys, errors, strict=True) if error],
    )


def _found(token: int, items: list[Item]) -> KeptToken:
    places = {item.key: np.flatnonzero(item.tokens == token).tolist() for item in items}
    places = {key: found for key, found in places.items() if found}
    return KeptToken(token, sum(map(len, places.values())), places)


@dataclass(frozen=True)
class Seen:
    """One modality of an entity: the cache it comes from, and what selection keeps of it.

    `pieces` are token id and word piece of each token of the text, in reading order.
    """

    cache: TokenCache
    tokens: KeptTokens
    pieces: list[tuple[int, str]]

    def piece_of(self, token: KeptToken) -> str:
        """Return a text token as a person reads it."""
        return dict(self.pieces).get(token.token, "")


@dataclass(frozen=True)
class EntityTokens:
    """Both modalities of an entity; None where there is no complete cache."""

    graph: KnowledgeGraph
    row: int
    image: Seen | None
    text: Seen | None

    @property
    def title(self) -> str:
        """Return the display name, with the id where it differs."""
        name, entity = self.graph.names[self.row], self.graph.entities[self.row]
        return name if name == entity else f"{name} ({entity})"


def entity_tokens(
    graph: KnowledgeGraph, folder: Path, row: int, image_tokens: int, text_tokens: int
) -> EntityTokens:
    """Return what the newest complete caches below `folder` hold of the entity in `row`.

    Raises `DataError` where there is none, and what `rebuild` raises for the text tokenizer.
    """
    image = _seen(graph, folder, IMAGE, row, image_tokens)
    text = _seen(graph, folder, TEXT, row, text_tokens)
    if image is None and text is None:
        raise DataError(f"{folder} has no complete token cache of {graph.name}.", "mygo tokenize")
    return EntityTokens(graph, row, image, text)


def marked_pictures(shown: EntityTokens) -> list[tuple[str, Image.Image]]:
    """Return key and picture, kept patches marked, of each tokenized picture of the entity."""
    if shown.image is None or shown.image.cache.imported or not shown.image.tokens.items:
        return []
    tokenizer = rebuild(shown.image.cache, "cpu").tokenizer
    with quiet_pillow():
        return [
            (
                item.key,
                mark_patches(
                    tokenizer.prepare(read_picture(shown.graph.images / item.key)),
                    item,
                    shown.image.tokens.kept,
                ),
            )
            for item in shown.image.tokens.items
        ]


def write_png(path: Path, shown: EntityTokens) -> None:
    """Draw the pictures with their kept patches; raise `DataError` where there is none."""
    pictures = marked_pictures(shown)
    if not pictures or shown.image is None:
        raise DataError(
            f"{shown.title} has no tokenized picture to draw.", "--html shows its text."
        )
    sheet = contact_sheet(shown.title, pictures, shown.image.tokens.kept)
    try:
        sheet.save(path, format="PNG")
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}.") from error


def write_html(path: Path, shown: EntityTokens) -> None:
    """Write a web page with pictures, text and kept tokens."""
    image, text = shown.image, shown.text
    page = entity_page(
        shown.title,
        marked_pictures(shown),
        image.tokens.kept if image else [],
        text.pieces if text else [],
        text.tokens.kept if text else [],
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}.") from error


def as_json(shown: EntityTokens) -> dict[str, Any]:
    """Return everything as plain values; positions count from 0."""
    found: dict[str, Any] = {
        "entity": shown.graph.entities[shown.row],
        "name": shown.graph.names[shown.row],
    }
    for seen in filter(None, (shown.image, shown.text)):
        found[seen.cache.modality] = {
            "cache": str(seen.cache.path),
            "items": {item.key: item.tokens.tolist() for item in seen.tokens.items},
            "failed": dict(seen.tokens.failures),
            "pieces": [piece for _, piece in seen.pieces],
            "kept": [vars(token) | {"piece": seen.piece_of(token)} for token in seen.tokens.kept],
        }
    return found


def places_of(token: KeptToken, seen: Seen) -> str:
    """Return where a token stands: row and column of each patch by picture, or word numbers."""
    grids = {item.key: grid_of(len(item.tokens)) for item in seen.tokens.items}
    parts = []
    for key, positions in token.places.items():
        side = grids[key] if seen.cache.modality == IMAGE else None
        places = [f"{p // side + 1},{p % side + 1}" if side else str(p + 1) for p in positions]
        where = " ".join(places)
        parts.append(where if seen.cache.modality == TEXT else f"{Path(key).name}: {where}")
    return "; ".join(parts)


def _seen(graph: KnowledgeGraph, folder: Path, modality: str, row: int, m: int) -> Seen | None:
    path = newest_cache(folder, graph, modality)
    if path is None:
        return None
    cache = TokenCache.open(path)
    tokens = kept_tokens(cache, row, m)
    ids = [int(token) for item in tokens.items for token in item.tokens]
    words: list[str] = []
    if modality == TEXT and ids and not cache.imported:
        words = rebuild(cache, "cpu").tokenizer.word_pieces(ids)
    return Seen(cache, tokens, list(zip(ids, words, strict=True)) if words else [])
