"""An explained answer as one picture for a slide or a paper, drawn with Pillow alone."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from PIL import Image, ImageDraw

from mygo_cli.files import atomic_write
from mygo_cli.graph.thumbnails import first_copy
from mygo_cli.runs.explained import Explained
from mygo_cli.runs.explained_beside import Rival
from mygo_cli.runs.explained_drawing import (
    Piece,
    ReadEntity,
    TintedPicture,
    colour_of,
    read_entities,
)
from mygo_cli.tokens.letters import Letters

log = logging.getLogger(__name__)

WIDTH, MARGIN, GAP = 1200, 40, 32
ROOM = WIDTH - 2 * MARGIN
TALLEST = 6000  # the sheet before it is cut to what stands on it, more than there can be
INK, SOFT, BAND, EDGE = "#1d1f21", "#5c6166", "#eef3f8", "#d5d5cc"
TITLE, HEADING, TEXT, SMALL = 34, 26, 22, 18  # letters, in pixels
LINE = 1.45  # from line to line, in letters
MOST_PICTURES, MOST_LINES, MOST_TITLE_LINES = 4, 10, 3
LEAST_SHADE, MOST_SHADE = 0.12, 0.8  # behind words, as on the page
ROW, THUMB = 60, 48
# Where the columns of the rivals begin, or end where they are numbers.
NAME_AT, SCORE_TO, PROBABILITY_TO, KNOWN_AT = 100, 740, 900, 930

Word = list[Piece]


def write_png(path: Path, explained: Explained) -> None:
    """Draw an explained answer into a file; raise `DataError` where it cannot be written."""
    drawn = explain_picture(explained)
    with atomic_write(path) as file:
        drawn.save(file, format="PNG")


def explain_picture(explained: Explained) -> Image.Image:
    """Return the answer, what was tinted of both entities, and the rivals, on white."""
    sheet = _Sheet()
    sheet.write(_words(explained.losses.title), TITLE, most=MOST_TITLE_LINES)
    said = f"score {explained.score:.4f}, rank {explained.rank:,} among all entities"
    sheet.write(_words(said), TEXT)
    blue, orange = Piece(" ", "blue", -0.6), Piece(" ", "orange", 0.6)
    legend = [[blue], *_words("speaks for the answer,"), [orange], *_words("against it")]
    sheet.write(legend, SMALL)
    for entity in read_entities(explained):
        _draw_entity(sheet, entity)
    _draw_rivals(sheet, explained)
    if missing := sheet.missing():
        log.warning(
            f"No font here has {missing[0]} (such letters: {len(missing)}): ? stands for them. "
            "Install one, such as fonts-noto-cjk, or use --html."
        )
    return sheet.cut()


class _Sheet:
    """A white sheet that is filled from the top; `top` is where it goes on."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH, TALLEST), "white")
        self.on = ImageDraw.Draw(self.image)
        self.top = MARGIN
        self._letters: dict[int, Letters] = {}

    def letters(self, size: int) -> Letters:
        """Return the letters of a size, the same ones each time."""
        return self._letters.setdefault(size, Letters(size))

    def missing(self) -> list[str]:
        """Return the letters that were wanted and that no font here has."""
        return sorted(set().union(*(each.missing for each in self._letters.values())))

    def write(self, words: Sequence[Word], size: int, most: int = 1, colour: str = INK) -> None:
        """Write words in at most so many lines, shaded by what each piece did."""
        letters = self.letters(size)
        lines = _lines(words, letters)
        if len(lines) > most:
            lines = lines[:most]
            lines[-1] = _with_dots(lines[-1], letters)
        for line in lines:
            base, left = self.top + size, float(MARGIN)
            for piece in line:
                left += letters.width(piece.space)
                width = letters.width(piece.text)
                if piece.share:
                    box = (left - 2, self.top, left + width + 1, base + size // 3)
                    self.on.rounded_rectangle(box, 4, fill=_shade(piece.share))
                letters.draw(self.on, left, base, piece.text, colour)
                left += width
            self.top += round(LINE * size)

    def cut(self) -> Image.Image:
        """Return the sheet down to what stands on it."""
        return self.image.crop((0, 0, WIDTH, min(TALLEST, self.top + MARGIN)))


def _draw_entity(sheet: _Sheet, entity: ReadEntity) -> None:
    """Draw the pictures of an entity side by side, and its text below."""
    sheet.top += GAP // 2
    sheet.write(_words(f"{entity.name}, {entity.side}"), HEADING)
    shown = _strongest(entity.pictures)
    for place, each in enumerate(shown):
        left = MARGIN + place * (each.picture.width + GAP)
        sheet.image.paste(each.picture, (left, sheet.top))
        box = (left - 1, sheet.top - 1, left + each.picture.width, sheet.top + each.picture.height)
        sheet.on.rectangle(box, outline=EDGE)
    if shown:
        sheet.top += max(each.picture.height for each in shown) + GAP // 2
    if left_out := len(entity.pictures) - len(shown):
        plural = "picture" if left_out == 1 else "pictures"
        sheet.write(_words(f"and {left_out} {plural} with weaker patches"), SMALL, colour=SOFT)
    if entity.pieces:
        sheet.write(_as_words(entity.pieces), TEXT, most=MOST_LINES)
    if not entity.pictures and not entity.pieces:
        sheet.write(_words("no tokens to show"), TEXT, colour=SOFT)


def _draw_rivals(sheet: _Sheet, explained: Explained) -> None:
    """Draw the best answers, a row each, the explained one on a band."""
    if not explained.rivals:
        return
    sheet.top += GAP // 2
    sheet.write(_words("The best answers"), HEADING)
    letters = sheet.letters(SMALL)
    for text, right in (("score", SCORE_TO), ("probability", PROBABILITY_TO)):
        base = sheet.top - GAP // 2
        letters.draw(sheet.on, right - letters.width(text), base, text, SOFT)
    graph = explained.graph
    pictures = [first_copy(graph, graph.entity_row[rival.entity]) for rival in explained.rivals]
    name_at = NAME_AT + THUMB + 12 if any(pictures) else NAME_AT
    for rival, picture in zip(explained.rivals, pictures, strict=True):
        _draw_rival(sheet, rival, picture, name_at)


def _draw_rival(sheet: _Sheet, rival: Rival, picture: Image.Image | None, name_at: int) -> None:
    letters, small = sheet.letters(TEXT), sheet.letters(SMALL)
    top, base = sheet.top, sheet.top + ROW // 2 + TEXT // 3
    if rival.explained:
        sheet.on.rectangle((MARGIN - 10, top, WIDTH - MARGIN + 10, top + ROW - 2), fill=BAND)
    letters.draw(sheet.on, MARGIN, base, f"{rival.rank:,}", SOFT)
    if picture is not None:
        picture.thumbnail((THUMB, THUMB))
        left = NAME_AT + (THUMB - picture.width) // 2
        sheet.image.paste(picture, (left, top + (ROW - picture.height) // 2))
    numbers = (f"{rival.score:.4f}", SCORE_TO), (f"{rival.probability:.4f}", PROBABILITY_TO)
    room = SCORE_TO - letters.width(numbers[0][0]) - GAP - name_at
    letters.draw(sheet.on, name_at, base, letters.cut(rival.name, room), INK)
    for text, right in numbers:
        letters.draw(sheet.on, right - letters.width(text), base, text, INK)
    small.draw(sheet.on, KNOWN_AT, base, rival.standing, SOFT)
    sheet.top += ROW


def _strongest(pictures: Sequence[TintedPicture]) -> list[TintedPicture]:
    """Return those whose patches did most, in their own order."""
    best = sorted(pictures, key=lambda each: -each.weight)[:MOST_PICTURES]
    return [each for each in pictures if any(each is other for other in best)]


def _words(text: str) -> list[Word]:
    return [[Piece(" ", word, 0.0)] for word in text.split()]


def _as_words(pieces: Sequence[Piece]) -> list[Word]:
    """Return pieces by the words that they make."""
    words: list[Word] = []
    for piece in pieces:
        if piece.space or not words:
            words.append([])
        words[-1].append(piece)
    return words


def _lines(words: Sequence[Word], letters: Letters) -> list[list[Piece]]:
    """Return words in lines that have room; a word that is wider than any line is cut."""
    lines: list[list[Piece]] = [[]]
    used, blank = 0, letters.width(" ")
    for word in words:
        width = sum(letters.width(piece.text) for piece in word)
        if lines[-1] and used + blank + width > ROOM:
            lines.append([])
            used = 0
        for place, piece in enumerate(word):
            space = " " if lines[-1] and not place else ""
            text = letters.cut(piece.text, ROOM - used - blank)
            lines[-1].append(Piece(space, text, piece.share))
            used += (blank if space else 0) + letters.width(text)
    return lines


def _with_dots(line: list[Piece], letters: Letters) -> list[Piece]:
    """Return a line that goes on elsewhere, with room made for dots."""
    dots = Piece(" ", "...", 0.0)
    while (
        line and letters.width("".join(chain(*((p.space, p.text) for p in (*line, dots))))) > ROOM
    ):
        line = line[:-1]
    return [*line, dots]


def _shade(share: float) -> tuple[int, int, int]:
    """Return the colour behind a piece, on white."""
    much = LEAST_SHADE + (MOST_SHADE - LEAST_SHADE) * abs(share)
    red, green, blue = (round(255 + (each - 255) * much) for each in colour_of(share))
    return red, green, blue
