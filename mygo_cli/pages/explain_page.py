"""One answer explained on one page: pictures and words in the colours of what they did to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mygo_cli.errors import MygoError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.pages.rendering import data_uri, render
from mygo_cli.runs.explained import Explained, Loss
from mygo_cli.runs.run import Run
from mygo_cli.tokens.drawing import Colour, tint_patches
from mygo_cli.tokens.show import ModalityView, prepared_pictures

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
class ReadEntity:
    """An entity with its tinted pictures, by their names, and its text in pieces."""

    name: str
    side: str
    pictures: list[tuple[str, str]]
    pieces: list[Piece]


def explain_page(run: Run, explained: Explained) -> str:
    """Return the page of an answer as HTML: what was tinted, and every loss in a table."""
    return render("explain.html", **page_content(run, explained))


def page_content(run: Run, explained: Explained) -> dict[str, Any]:
    """Return what `explain.html` shows, for those who put the page into a layout of their own."""
    single = [abs(loss.change) for loss in explained.losses if loss.token is not None]
    strongest = max(single, default=0.0) or 1.0
    return {
        "title": explained.losses.title,
        "run": run,
        "explained": explained,
        "most": max((abs(loss.change) for loss in explained.losses), default=0.0) or 1.0,
        "entities": [
            _read_entity(run.graph, explained, row, strongest)
            for row in dict.fromkeys((explained.question.asked, explained.answer))
        ],
    }


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


def _tinted(graph: KnowledgeGraph, seen: ModalityView, shares: Changes) -> list[tuple[str, str]]:
    tints = [
        (token, SPEAKS_FOR if share < 0 else SPEAKS_AGAINST, LEAST + (1 - LEAST) * abs(share))
        for token in seen.tokens.kept
        if (share := shares.get(token.token, 0.0))
    ]
    try:
        return [
            (item.key, data_uri(tint_patches(prepared, item, tints)))
            for item, prepared in prepared_pictures(graph, seen)
        ]
    except MygoError:  # the tokenizer that knows how pictures are cut is not installed here
        return []


def _pieces(seen: ModalityView, shares: Changes) -> list[Piece]:
    """Return the text with a space before each piece that begins a word."""
    return [
        Piece("" if piece.startswith("##") else " ", piece.removeprefix("##"), shares.get(token, 0))
        for token, piece in seen.pieces
    ]
