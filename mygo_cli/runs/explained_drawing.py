"""What an answer rests on, drawn: pictures and words in the colours of what they did to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mygo_cli.errors import MygoError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.tokens.drawing import Colour, boxes_of, tint_patches
from mygo_cli.tokens.show import ModalityView, prepared_pictures

if TYPE_CHECKING:
    from PIL import Image

    from mygo_cli.runs.explained import Explained, Loss

# Of a token without which the score is lower, and of one without which it is higher.
SPEAKS_FOR: Colour = (10, 106, 190)
SPEAKS_AGAINST: Colour = (215, 75, 10)
LEAST = 0.2  # of a tint, so that even a small change is seen

Changes = dict[int, float]  # what the score gains without a token, by the token's id


@dataclass(frozen=True)
class Piece:
    """A word piece behind a space or none; `share` is its change over the strongest one.

    0 for a piece that the model does not read.
    """

    space: str
    text: str
    share: float


@dataclass(frozen=True)
class TintedPicture:
    """A picture by its name, its patches tinted; `weight` is the sum of their changes' sizes."""

    key: str
    picture: Image.Image
    weight: float


@dataclass(frozen=True)
class ReadEntity:
    """An entity with its tinted pictures and its text in pieces."""

    name: str
    side: str
    pictures: list[TintedPicture]
    pieces: list[Piece]


def read_entities(explained: Explained) -> list[ReadEntity]:
    """Return who is asked about and the answer as both modalities show them.

    The colours are changes as shares of the strongest of a single token.
    """
    single = [abs(loss.change) for loss in explained.losses if loss.token is not None]
    strongest = max(single, default=0.0) or 1.0
    rows = dict.fromkeys((explained.question.asked, explained.answer))
    return [_read_entity(explained.graph, explained, row, strongest) for row in rows]


def _read_entity(
    graph: KnowledgeGraph, explained: Explained, row: int, strongest: float
) -> ReadEntity:
    """Return an entity as both modalities show it, changes as shares of the `strongest`."""
    own = [loss for loss in explained.losses if loss.entity == graph.entities[row]]
    image, text = (explained.sources.get((row, part)) for part in ("image", "text"))
    return ReadEntity(
        graph.names[row],
        "the answer" if row == explained.answer else "asked about",
        _tinted(graph, image, _shares(own, "image", strongest)) if image else [],
        _pieces(text, _shares(own, "text", strongest)) if text else [],
    )


def _shares(losses: list[Loss], part: str, strongest: float) -> Changes:
    return {
        loss.token: loss.change / strongest
        for loss in losses
        if loss.part == part and loss.token is not None
    }


def _tinted(graph: KnowledgeGraph, seen: ModalityView, shares: Changes) -> list[TintedPicture]:
    tints = [
        (token, colour_of(share), LEAST + (1 - LEAST) * abs(share))
        for token in seen.tokens.kept
        if (share := shares.get(token.token, 0.0))
    ]
    try:
        return [
            TintedPicture(
                item.key,
                tint_patches(prepared, item, tints),
                sum(strength * len(boxes_of(item, token)) for token, _, strength in tints),
            )
            for item, prepared in prepared_pictures(graph, seen)
        ]
    except MygoError:  # the tokenizer that knows how pictures are cut is not installed here
        return []


def colour_of(share: float) -> Colour:
    """Return the colour of what does this to the score when it is left out."""
    return SPEAKS_FOR if share < 0 else SPEAKS_AGAINST


def _pieces(seen: ModalityView, shares: Changes) -> list[Piece]:
    """Return the text with a space before each piece that begins a word."""
    return [
        Piece("" if piece.startswith("##") else " ", piece.removeprefix("##"), shares.get(token, 0))
        for token, piece in seen.pieces
    ]
