"""Rows of cells as text: in columns for a terminal, a line a row for a pipe, or as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

NUMBER = re.compile(r"[-+]?[\d.,]+%?")
MOST_WHOLE = 40  # characters of a name that a table does not break while other text may break
MOST_TOGETHER = 12  # characters of a part of a name, or of a header's word, that no table breaks
# Where a name may break: behind what joins its words, and before a capital within them.
JOINT = re.compile(r"(?<=[_/.:+-])(?=[^_/.:+-])|(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Column:
    """A column: its header and its cells as texts, set flush right if they are numbers."""

    header: str
    cells: Sequence[str]
    numeric: bool = False

    def width(self) -> int:
        """Return how wide the column is on one line."""
        return max(1, *map(_width, self.texts))

    def least(self, most: int, parts: bool) -> int:
        """Return how wide it must be for whole numbers and for words of up to `most` letters.

        With `parts` for what stands between the joints of words.
        """
        words = [word for text in self.texts for word in text.split()]
        numbers = [_width(word) for word in words if NUMBER.fullmatch(word)]
        together = chain.from_iterable(map(_parts, words)) if parts else words
        return max([1, *numbers, *(min(most, _width(each)) for each in together)])

    @property
    def texts(self) -> list[str]:
        """Return the header and the cells."""
        return [self.header, *self.cells]


def cell_text(value: object, plain: bool = False) -> str:
    """Return a cell: floats with four digits, None as a dash, thousands apart unless `plain`."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) and not plain else str(value)


def are_numbers(values: Sequence[object]) -> bool:
    """Say whether a column holds numbers and nothing else, None aside."""
    some = [value for value in values if value is not None]
    return bool(some) and all(isinstance(value, (int, float)) for value in some)


def in_columns(columns: Sequence[Column], room: int) -> tuple[Table, int]:
    """Return a table and its width, which is at most `room` unless that is very little.

    On a narrow terminal sentences break first, then the gaps close, then names break between their
    words, and then each row takes two lines. Numbers and the words of headers stay whole: what is
    still too wide is left to the terminal to wrap, and nothing is cut.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    wide = 3 * len(columns) + 1  # a blank on both sides of each column, one between and at the ends
    if sum(each.least(MOST_WHOLE, parts=False) for each in columns) + wide <= room:
        table, gaps = Table(box=box.SIMPLE_HEAD), wide
    else:
        table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
        least = sum(each.least(MOST_TOGETHER, parts=True) for each in columns)
        if least + len(columns) - 1 > room and len(columns) > 3:
            columns = _folded(columns)
        gaps = len(columns) - 1
    widths = _widths(columns, room - gaps)
    for each, width in zip(columns, widths, strict=True):
        header = Text("\n".join(_lines(each.header, width)))
        table.add_column(header, justify="right" if each.numeric else "left", width=width)
    for cells in zip(*(each.cells for each in columns), strict=True):
        texts = ("\n".join(_lines(*pair)) for pair in zip(cells, widths, strict=True))
        table.add_row(*map(Text, texts))
    return table, sum(widths) + gaps


def as_lines(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a line for the headers and one for each row, with two blanks before each cell.

    No cell holds two blanks, and an empty one is a dash, so that a line can be taken apart again.
    """
    lines = _flat(headers, rows)
    return "".join("".join(f"  {cell or '-'}" for cell in line) + "\n" for line in lines)


def as_markdown(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table in Markdown between blank lines."""
    lines = [[cell.replace("|", "\\|") for cell in line] for line in _flat(headers, rows)]
    texts = [f"| {' | '.join(line)} |\n" for line in lines]
    return "".join(["\n", texts[0], f"|{'---|' * len(headers)}\n", *texts[1:], "\n"])


def _flat(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> list[list[str]]:
    lines = [headers, *([cell_text(cell, plain=True) for cell in row] for row in rows)]
    return [[" ".join(cell.split()) for cell in line] for line in lines]


def _folded(columns: Sequence[Column]) -> list[Column]:
    """Return half as many columns, of which each row takes two lines.

    The first column, often a rank or a name, stands alone above a blank.
    """
    half = len(columns) // 2 + 1
    blank = Column("", [""] * len(columns[0].cells))
    pairs = zip_longest(columns[:half], [blank, *columns[half:]], fillvalue=blank)
    return [
        Column(
            f"{above.header}\n{below.header}",
            [cell for both in zip(above.cells, below.cells, strict=True) for cell in both],
            above.numeric and (below.numeric or below is blank),
        )
        for above, below in pairs
    ]


def _widths(columns: Sequence[Column], room: int) -> list[int]:
    """Return how wide each column is, together no wider than `room` if that can be.

    The widest shrinks first: down to its longest word, then to the longest part of one. Texts of
    short words keep `MOST_TOGETHER` until then, as one word a line is hard to read.
    """
    widths = [each.width() for each in columns]
    steps = ((MOST_WHOLE, False, True), (MOST_WHOLE, True, True), (MOST_TOGETHER, True, False))
    for most, parts, roomy in steps:
        least = [
            max(each.least(most, parts), MOST_TOGETHER if roomy and not each.numeric else 1)
            for each in columns
        ]
        while sum(widths) > room:
            able = [place for place, width in enumerate(widths) if width > least[place]]
            if not able:
                break
            widths[max(able, key=widths.__getitem__)] -= 1
    return widths


def _lines(text: str, width: int) -> list[str]:
    """Return a text in lines of at most `width`, broken at blanks, else at joints."""
    lines = []
    for paragraph in text.split("\n"):
        lines.append("")
        for word in paragraph.split():
            whole = _width(word) <= width
            gap = " " if lines[-1] else ""
            for part in [word] if whole else chain.from_iterable(_short(word, width)):
                if _width(lines[-1] + gap + part) > width:
                    lines.append("")
                    gap = ""
                lines[-1] += gap + part
                gap = ""
    return lines


def _short(word: str, width: int) -> list[list[str]]:
    """Return the parts of a word, those that are wider than `width` cut into pieces."""
    from rich.cells import chop_cells

    return [chop_cells(part, width) for part in _parts(word)]


def _parts(word: str) -> list[str]:
    return [word] if NUMBER.fullmatch(word) else JOINT.split(word)


def _width(text: str) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, text.split("\n")))
