"""Letters for pictures: which of the fonts at hand has one, and `?` for those that none has."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from PIL import ImageDraw, ImageFont

# By file name, as Pillow finds them in the system's folders: those of many alphabets, then those
# that have Chinese, Japanese and Korean. None of them is needed.
NAMES = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf", "segoeui.ttf",
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf", "PingFang.ttc", "Hiragino Sans GB.ttc", "Arial Unicode.ttf",
    "msyh.ttc", "YuGothM.ttc", "malgun.ttf",
)  # fmt: skip
NO_LETTER = "\uffff"  # stands for nothing in any font
UNKNOWN = "?"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Run(NamedTuple):
    """Letters in a row that one font has."""

    text: str
    font: Font


class Letters:
    """The letters of one size in pixels; `missing` are those asked for that no font has."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.missing: set[str] = set()
        self._looked_for = _fonts(size)
        self._fonts: list[Font] = []
        self._font_of: dict[str, Font | None] = {}

    def runs(self, text: str) -> list[Run]:
        """Return a line in runs of one font each; what no font has is `?`."""
        drawn = [self._drawable(letter) for letter in text]
        return [
            Run("".join(letter for letter, _ in group), font)
            for font, group in groupby(drawn, key=lambda pair: pair[1])
        ]

    def width(self, text: str) -> int:
        """Return how wide a line is, in pixels."""
        return round(sum(run.font.getlength(run.text) for run in self.runs(text)))

    def draw(self, on: ImageDraw.ImageDraw, left: float, base: int, text: str, colour: str) -> None:
        """Draw a line that begins at `left`, its letters standing on `base`."""
        for run in self.runs(text):
            on.text((left, base), run.text, fill=colour, font=run.font, anchor="ls")
            left += run.font.getlength(run.text)

    def cut(self, text: str, room: int) -> str:
        """Return as much of a line as has room, with dots where it goes on."""
        if self.width(text) <= room:
            return text
        while text and self.width(f"{text}...") > room:
            text = text[:-1]
        return f"{text}..."

    def _drawable(self, letter: str) -> tuple[str, Font]:
        font = self._having(letter)
        if font is not None:
            return letter, font
        fallback = self._having(UNKNOWN)
        assert fallback is not None  # every font has it
        return UNKNOWN, fallback

    def _having(self, letter: str) -> Font | None:
        """Return the first font that has a letter; fonts are opened when one is missed."""
        if letter not in self._font_of:
            # What steers terminals or turns lines around is no letter.
            steers = unicodedata.category(letter)[0] == "C"
            found = (each for each in self._every_font() if _has(each, letter))
            self._font_of[letter] = None if steers else next(found, None)
            if not steers and self._font_of[letter] is None:
                self.missing.add(letter)
        return self._font_of[letter]

    def _every_font(self) -> Iterator[Font]:
        yield from self._fonts
        for font in self._looked_for:
            self._fonts.append(font)
            yield font


def _fonts(size: int) -> Iterator[Font]:
    """Open each font that there is, Pillow's own last."""
    for path in _files():
        try:
            yield ImageFont.truetype(path, size)
        except OSError:
            continue
    yield ImageFont.load_default(size)


@cache
def _files() -> tuple[str, ...]:
    """Return the fonts to try: matplotlib brings a good one, whatever the system has."""
    found = find_spec("matplotlib")
    if found is None or not found.submodule_search_locations:
        return NAMES
    folder = Path(found.submodule_search_locations[0], "mpl-data", "fonts", "ttf")
    return (str(folder / NAMES[0]), *NAMES)


def _has(font: Font, letter: str) -> bool:
    """Say whether a font has a letter: what it lacks looks like what no font has."""
    mask, none = font.getmask(letter), font.getmask(NO_LETTER)
    return mask.size != none.size or bytes(mask) != bytes(none)
