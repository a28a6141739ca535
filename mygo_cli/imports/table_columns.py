"""What a column of a table looks like: numbers, long text, pictures, several values a cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from mygo_cli.graph.picture_files import PICTURE_ENDINGS
from mygo_cli.imports.table_reading import BETWEEN, Table
from mygo_cli.imports.table_words import Role, fit

SEPARATORS = (";", "|", "；")
MOST = 0.9  # share of the cells that makes a column what they are
LOOKED_AT = 2000  # cells, of a long table the first ones
# 12, -3.5, 1.200,00 €, 40 %, 12 cm, 2024-05-01, 1/5/24, 12:30
NUMBER = re.compile(
    r"[€$£¥]?\s*[+-]?\d[\d.,' \u00a0\u202f]*(e[+-]?\d+)?\s*"
    r"([%€$£¥°]|°?[cf]|k?wh?|[mck]?m[²³23]?|[mk]?g|[mc]?l|v|s|h|min|kb|mb|gb|eur|usd|元|円|원)?"
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ t]\d{1,2}:\d\d.*)?|\d{1,2}:\d\d(:\d\d)?",
    re.IGNORECASE,
)
IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True)
class Column:
    """A column: its `name`, its `place` in the table, and its `cells` that are not empty."""

    name: str
    place: int
    cells: tuple[str, ...]

    def says(self, role: Role) -> int:
        """Return how well the header says a role, 0 to 2."""
        return fit(self.name, role)

    @cached_property
    def distinct(self) -> frozenset[str]:
        """The different cells."""
        return frozenset(self.cells)

    @cached_property
    def unique(self) -> bool:
        """Whether nearly every cell is different, as in a column of ids."""
        return len(self.distinct) >= 0.98 * max(1, len(self.cells))

    @cached_property
    def numeric(self) -> bool:
        """Whether it holds numbers, measures or dates."""
        return self._mostly(lambda cell: NUMBER.fullmatch(cell) is not None)

    @cached_property
    def long_text(self) -> bool:
        """Whether it holds sentences: long ones, hardly one twice."""
        looked = self.cells[:LOOKED_AT]
        length = sum(map(_weight, looked)) / max(1, len(looked))
        spaced = sum(" " in cell or IDEOGRAPH.search(cell) is not None for cell in looked)
        return length >= 40 and spaced >= 0.5 * len(looked) and not self.parts_repeat

    @cached_property
    def parts_repeat(self) -> bool:
        """Whether the values within the cells stand in others too, as those of a property do."""
        looked = self.cells[:LOOKED_AT]
        values = [value for cell in looked for value in values_of(cell, self.separator)]
        return len(values) > len(looked) and len(set(values)) < 0.7 * len(values)

    @cached_property
    def pictures(self) -> bool:
        """Whether its values are names of picture files."""
        return self._mostly(lambda cell: all(map(is_picture_name, self.pictures_in(cell))))

    def pictures_in(self, cell: str) -> list[str]:
        """Return the file names in a cell; a comma parts them only where each part is one."""
        names = values_of(cell, self.separator or ",")
        return names if all(map(is_picture_name, names)) else values_of(cell, self.separator)

    @cached_property
    def separator(self) -> str:
        """What stands between several values of a cell, "" where there is one value a cell."""
        cells = [cell for cell in self.cells if BETWEEN not in cell]
        count = {mark: sum(mark in cell.strip(mark) for cell in cells) for mark in SEPARATORS}
        most = max(SEPARATORS, key=lambda mark: count[mark])
        return most if count[most] else ""

    @cached_property
    def coded(self) -> bool:
        """Whether its values read like codes, not like names: most have a digit in them."""
        return self._mostly(lambda cell: any(map(str.isdigit, cell)))

    def _mostly(self, test: Callable[[str], bool]) -> bool:
        looked = self.cells[:LOOKED_AT]
        return bool(looked) and sum(test(cell.rstrip(BETWEEN)) for cell in looked) >= MOST * len(
            looked
        )


def columns_of(table: Table) -> list[Column]:
    """Return the columns of a table in order."""
    return [
        Column(name, place, tuple(row[place] for row in table.rows if row[place]))
        for place, name in enumerate(table.columns)
    ]


def values_of(cell: str, separator: str) -> list[str]:
    """Return the values of a cell, without blanks at their ends and without empty ones.

    Those of a cell that was a list in its file are not parted again.
    """
    parts = cell.split(separator if separator and BETWEEN not in cell else BETWEEN)
    return [part.strip() for part in parts if part.strip()]


def is_picture_name(text: str) -> bool:
    """Return whether a text is the name or address of a picture file."""
    return text.partition("?")[0].lower().endswith(PICTURE_ENDINGS)


def _weight(cell: str) -> int:
    """Return the length of a text; a Chinese or Japanese sign says as much as three letters."""
    return len(cell) + 2 * len(IDEOGRAPH.findall(cell))
