"""What the model reads of one entity, in a form for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mygo_cli.cache.finding import IMAGE, TEXT, newest_cache, no_cache
from mygo_cli.cache.format import TokenCache
from mygo_cli.contracts import ImageTokenizer, TextTokenizer
from mygo_cli.errors import DataError
from mygo_cli.files import atomic_write
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.pictures import BadPicture, quiet_pillow, read_picture
from mygo_cli.graph.triples import Array
from mygo_cli.settings.sections import SelectBy, TokenSettings
from mygo_cli.tokenizing.plugins import rebuild
from mygo_cli.tokens.drawing import DrawnPicture, as_picture, contact_sheet, mark_patches
from mygo_cli.tokens.kept import Item, KeptToken, KeptTokens, grid_of, kept_tokens
from mygo_cli.tokens.neighbours import Neighbour


@dataclass(frozen=True)
class ModalityView:
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
    image: ModalityView | None
    text: ModalityView | None

    @property
    def title(self) -> str:
        """Return the display name, with the id where it differs."""
        name, entity = self.graph.names[self.row], self.graph.entities[self.row]
        return name if name == entity else f"{name} ({entity})"


def entity_tokens(
    graph: KnowledgeGraph, folder: Path, row: int, tokens: TokenSettings
) -> EntityTokens:
    """Return what the newest complete caches below `folder` hold of the entity in `row`.

    `tokens` says how many of them are kept, and by what they are chosen.
    Raises `DataError` where there is none, and what `rebuild` raises for the text tokenizer.
    """
    kept = {IMAGE: tokens.image.keep, TEXT: tokens.text.keep}
    paths = {modality: newest_cache(folder, graph, modality) for modality in kept}
    image, text = (
        None
        if path is None
        else modality_view(TokenCache.open(path), row, kept[modality], tokens.select_by)
        for modality, path in paths.items()
    )
    if image is None and text is None:
        raise no_cache(folder, graph)
    return EntityTokens(graph, row, image, text)


def pictures_of(shown: EntityTokens) -> list[DrawnPicture]:
    """Return each tokenized picture of the entity, plain and with its kept patches marked."""
    if shown.image is None:
        return []
    kept = shown.image.tokens.kept
    return [
        DrawnPicture(item, as_picture(prepared), mark_patches(prepared, item, kept))
        for item, prepared in prepared_pictures(shown.graph, shown.image)
    ]


def prepared_pictures(graph: KnowledgeGraph, seen: ModalityView) -> Iterator[tuple[Item, Array]]:
    """Yield each tokenized picture as the encoder got it, float32 (3, S, S).

    None of imported tokens, and not those that cannot be read any more. Raises what `rebuild`
    raises.
    """
    if seen.cache.imported or not seen.tokens.items:
        return
    tokenizer = rebuild(seen.cache, "cpu").tokenizer
    assert isinstance(tokenizer, ImageTokenizer)
    with quiet_pillow():
        for item in seen.tokens.items:
            with suppress(BadPicture):
                yield item, tokenizer.prepare(read_picture(graph.images / item.key))


def write_png(path: Path, shown: EntityTokens) -> None:
    """Draw the pictures with their kept patches; raise `DataError` for none, or a full disk."""
    pictures = pictures_of(shown)
    if not pictures or shown.image is None:
        raise DataError(
            f"{shown.title} has no tokenized picture to draw.", "--html shows its text."
        )
    sheet = contact_sheet(shown.title, pictures, shown.image.tokens.kept)
    with atomic_write(path) as file:
        sheet.save(file, format="PNG")


def as_json(shown: EntityTokens, near: Sequence[Neighbour]) -> dict[str, Any]:
    """Return everything as plain values; positions count from 0."""
    found: dict[str, Any] = {
        "entity": shown.graph.entities[shown.row],
        "name": shown.graph.names[shown.row],
    }
    for seen in filter(None, (shown.image, shown.text)):
        found[seen.cache.header.modality] = {
            "cache": str(seen.cache.path),
            "items": {item.key: item.tokens.tolist() for item in seen.tokens.items},
            "failed": dict(seen.tokens.failures),
            "pieces": [piece for _, piece in seen.pieces],
            "kept": [vars(token) | {"piece": seen.piece_of(token)} for token in seen.tokens.kept],
        }
    names = [shown.graph.entities[each.row] for each in near]
    found["neighbours"] = [
        {"entity": name, "weight": each.weight, "shared": each.shared}
        for name, each in zip(names, near, strict=True)
    ]
    return found


def places_of(token: KeptToken, seen: ModalityView) -> str:
    """Return where a token stands: row and column of each patch by picture, or word numbers."""
    grids = {item.key: grid_of(len(item.tokens)) for item in seen.tokens.items}
    parts = []
    for key, positions in token.places.items():
        side = grids[key] if seen.cache.header.modality == IMAGE else None
        places = [f"{p // side + 1},{p % side + 1}" if side else str(p + 1) for p in positions]
        where = " ".join(places)
        parts.append(where if seen.cache.header.modality == TEXT else f"{Path(key).name}: {where}")
    return "; ".join(parts)


def modality_view(
    cache: TokenCache,
    row: int,
    m: int,
    select_by: SelectBy = "frequency",
    max_images: int | None = None,
) -> ModalityView:
    """Return what a cache holds of the entity in `row`, m tokens kept; see `kept_tokens`.

    Raises what `rebuild` raises for texts.
    """
    tokens = kept_tokens(cache, row, m, select_by, max_images)
    ids = [int(token) for item in tokens.items for token in item.tokens]
    words: list[str] = []
    if cache.header.modality == TEXT and ids and not cache.imported:
        tokenizer = rebuild(cache, "cpu").tokenizer
        assert isinstance(tokenizer, TextTokenizer)
        words = tokenizer.word_pieces(ids)
    return ModalityView(cache, tokens, list(zip(ids, words, strict=True)) if words else [])
