"""The tokens of one entity, and the visual words of a graph, as pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mygo_cli.graph.thumbnails import Thumbnails, data_uri
from mygo_cli.pages.rendering import render
from mygo_cli.tokens.drawing import DrawnPicture, css_of, patch_of
from mygo_cli.tokens.neighbours import Holders, Neighbour, holders, neighbours
from mygo_cli.tokens.selection import TokenTable
from mygo_cli.tokens.show import EntityTokens, ModalityView
from mygo_cli.tokens.words import VisualWord, word_tiles

if TYPE_CHECKING:
    from mygo_cli.cache.format import TokenCache
    from mygo_cli.graph.knowledge_graph import KnowledgeGraph
    from mygo_cli.progress import Progress


@dataclass(frozen=True)
class ShownToken:
    """A kept token: its colour, what it is (a patch or a word piece), and who else keeps it."""

    token: int
    colour: str
    patch: str | None
    piece: str
    count: int
    holders: int


@dataclass(frozen=True)
class Piece:
    """A word piece of a text behind a space or none; `colour` is None where it is not kept."""

    space: str
    text: str
    colour: str | None


@dataclass(frozen=True)
class ShownNeighbour:
    """An entity that shares tokens: patches of the one that is shown, and word pieces."""

    id: str
    name: str
    picture: str | None
    patches: list[str]
    pieces: list[str]


def tokens_page(
    shown: EntityTokens, pictures: Sequence[DrawnPicture], tables: Mapping[str, TokenTable]
) -> str:
    """Return the page of an entity as HTML; `tables` are what all keep, by modality."""
    return render("tokens.html", **tokens_content(shown, pictures, tables))


def tokens_content(
    shown: EntityTokens, pictures: Sequence[DrawnPicture], tables: Mapping[str, TokenTable]
) -> dict[str, Any]:
    """Return what `tokens.html` shows, for those who put the page into a layout of their own."""
    patches = {} if shown.image is None else patch_of(pictures, shown.image.tokens.kept)
    image = _tokens(shown.image, tables.get("image"), shown.row, patches)
    text = _tokens(shown.text, tables.get("text"), shown.row, {})
    thumbnails = Thumbnails(shown.graph)
    return {
        "title": shown.title,
        "id": shown.graph.entities[shown.row],
        "pictures": [(picture.item.key, data_uri(picture.marked)) for picture in pictures],
        "image": image,
        "pieces": _pieces(shown.text, text) if shown.text else [],
        "text": text,
        "neighbours": [
            _neighbour(shown.graph, each, image, text, thumbnails)
            for each in neighbours(tables, shown.row)
        ],
    }


def _tokens(
    seen: ModalityView | None, table: TokenTable | None, row: int, patches: Mapping[int, Any]
) -> list[ShownToken]:
    if seen is None:
        return []
    kept = seen.tokens.kept
    own: Holders = {} if table is None else holders(table, row)
    return [
        ShownToken(
            token.token,
            css_of(place, len(kept)),
            data_uri(patches[token.token]) if token.token in patches else None,
            seen.piece_of(token),
            token.count,
            own.get(token.token, 1),
        )
        for place, token in enumerate(kept)
    ]


def _pieces(seen: ModalityView, kept: Sequence[ShownToken]) -> list[Piece]:
    """Return the text with a space before each piece that begins a word."""
    colours = {token.token: token.colour for token in kept}
    return [
        Piece("" if piece.startswith("##") else " ", piece.removeprefix("##"), colours.get(token))
        for token, piece in seen.pieces
    ]


def _neighbour(
    graph: KnowledgeGraph,
    each: Neighbour,
    image: Sequence[ShownToken],
    text: Sequence[ShownToken],
    thumbnails: Thumbnails,
) -> ShownNeighbour:
    patches = {token.token: token.patch for token in image if token.patch}
    words = {token.token: token.piece for token in text}
    return ShownNeighbour(
        graph.entities[each.row],
        graph.names[each.row],
        thumbnails.of(each.row),
        [patches[token] for token in each.shared.get("image", ()) if token in patches],
        [words[token] for token in each.shared.get("text", ()) if words.get(token)],
    )


def words_page(
    graph: KnowledgeGraph, cache: TokenCache, words: Sequence[VisualWord], progress: Progress
) -> str:
    """Return the sheet of visual words as HTML; raises what `word_tiles` raises."""
    tiles = word_tiles(graph, cache, words, progress)
    return render(
        "words.html",
        title=f"Visual words of {graph.name}",
        backend=cache.header.backend,
        size=cache.header.info.vocab_size,
        words=words,
        tiles={token: data_uri(tile) for token, tile in tiles.items()},
    )
