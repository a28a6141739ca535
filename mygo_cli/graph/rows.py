"""Rows of three, two or more columns from a text file, and the faults of a line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from mygo_cli.graph.header import (
    ENTITY,
    HEAD,
    KIND,
    NAME,
    RELATION,
    TAIL,
    TEXT,
    Order,
    Words,
    header_order,
)
from mygo_cli.graph.text_files import STANDARD_INPUT, FileFault, read_text

# What a reader does with a bad line. Where it returns, the reader leaves the line out and goes on.
OnFault = Callable[[FileFault], None]


def stop(fault: FileFault) -> None:
    """Raise the fault: reading ends at the first one."""
    raise fault


Row = tuple[int, list[str]]  # line number, from 1, and cells
WITHOUT_NUL = "Take it out, as tr -d '\\000' does."
_BREAKS = str.maketrans("\t\r\n", "   ")
# A closing quote and the blanks before the next comma, which the csv module does not forgive.
_BLANKS_AFTER_QUOTE = re.compile(r'(?<!")"[ \t]+(?=,|\r|\n|$)')


@dataclass(frozen=True)
class Layout:
    """What the lines of a file are.

    `rows` are what it holds and `if_empty` the way out of a file without any. `columns` are the
    names of its columns, `least` how many a line must have, `filled` how many must not be empty.
    `header` holds, for each column, the words that may head it; empty where there is no header.
    With `free_text` the last column of a tab-separated line takes whatever is left; with
    `full_stops` one at its end is left out where the line is one of N-Triples.
    """

    rows: str
    if_empty: str
    columns: tuple[str, ...]
    least: int
    filled: int
    header: tuple[Words, ...]
    free_text: bool = False
    full_stops: bool = False

    def order(self, cells: list[str]) -> Order | None:
        """Return which cell belongs to each column if these cells are a header, else None."""
        return header_order(cells, self.header, self.least, self.filled)


TRIPLES = Layout(
    "triples",
    "Write one a line: head, relation and tail; or delete the file, unless it is train.",
    ("head", "relation", "tail"),
    least=3,
    filled=3,
    header=(HEAD, RELATION, TAIL),
    full_stops=True,
)
ENTITIES = Layout(
    "entities",
    "Fill it or delete it: it is optional.",
    ("entity", "display name", "kind"),
    least=1,
    filled=1,
    header=(ENTITY, NAME, KIND),
)
DESCRIPTIONS = Layout(
    "descriptions",
    "Fill it or delete it: it is optional.",
    ("entity", "text"),
    least=2,
    filled=1,
    header=(ENTITY, TEXT),
    free_text=True,
)


def read_rows(path: Path, layout: Layout, on_fault: OnFault) -> Iterator[Row]:
    """Yield line number and one stripped cell per column, '' where a line has fewer.

    Blank lines and a header line are left out; a header also decides the order of the columns.
    Bad lines go to `on_fault`. Raises `FileFault` where the file as a whole cannot be read: not
    UTF-8, a damaged gzip file, or a quote left open in a CSV file.
    """
    yield from rows_in(path, read_text(path), layout, on_fault)


def rows_in(path: Path, text: str, layout: Layout, on_fault: OnFault) -> Iterator[Row]:
    """Yield what `read_rows` does of a file whose text is there already."""
    separated_by_commas, holds_nul = _is_csv(path, text), "\0" in text
    rows = _all_rows(path, text, layout)
    width = len(layout.columns)
    first = next(rows, None)
    order = layout.order(first[1]) if first else None
    if first and order is None:
        rows = chain([first], rows)
    line = 0
    for line, cells in rows:
        if len(cells) == width and order is None and "" not in cells and not holds_nul:
            yield line, cells  # as nearly every line is
        else:
            try:
                yield line, _arranged(path, line, cells, layout, order, separated_by_commas)
            except FileFault as fault:
                on_fault(fault)
    if not line:
        on_fault(FileFault(path, None, f"no {layout.rows}.", layout.if_empty))


def first_row(path: Path, layout: Layout) -> Row | None:
    """Return the first row that is not blank, header or not; raises as `read_rows`."""
    return first_row_in(path, read_text(path), layout)


def first_row_in(path: Path, text: str, layout: Layout) -> Row | None:
    """Return the first row of a file whose text is there already."""
    return next(_all_rows(path, text, layout), None)


def _is_csv(path: Path, text: str) -> bool:
    if path != STANDARD_INPUT:
        return ".csv" in path.suffixes[-2:]
    first_line = text.lstrip().partition("\n")[0]
    return "," in first_line and "\t" not in first_line


def _all_rows(path: Path, text: str, layout: Layout) -> Iterator[Row]:
    """Return the rows of a file's text, blank lines left out."""
    return _csv_rows(path, text) if _is_csv(path, text) else _tab_rows(text, layout)


def _arranged(
    path: Path, line: int, cells: list[str], layout: Layout, order: Order | None, commas: bool
) -> list[str]:
    """Return one cell per column, in the order of `layout`; raise `FileFault` for a bad line."""
    width = len(layout.columns)
    while len(cells) > width and not cells[-1]:
        cells.pop()
    if not layout.least <= len(cells) <= width:
        raise _wrong_count(path, line, cells, layout, commas)
    headed = width if order is None else len(order) - order.count(None)
    if any(cells[headed:]):
        message = f"{len(cells)} columns, {headed} in the header."
        raise FileFault(path, line, message, "Name each column in the header.")
    cells += [""] * (width - len(cells))
    if order is not None:
        cells = [cells[place] if place is not None else "" for place in order]
    if not all(cells[: layout.filled]):
        raise _empty_cell(path, line, cells, layout)
    names = cells[: width - layout.free_text]
    if nul := [column for column, name in zip(layout.columns, names, strict=False) if "\0" in name]:
        # A token cache cannot hold such a name, so better now than there.
        message = f"a NUL byte in the {nul[0]}."
        raise FileFault(path, line, message, WITHOUT_NUL)
    return cells


def _tab_rows(text: str, layout: Layout) -> Iterator[Row]:
    """Yield the rows of a tab-separated text. Quotes mean nothing."""
    splits = len(layout.columns) - 1 if layout.free_text else -1
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        cells = [cell.strip() for cell in line.split("\t", splits)]
        if any(cells):
            if layout.free_text:
                cells[-1] = cells[-1].replace("\t", " ")
            if layout.full_stops and cells[-1].endswith("."):
                cells[-1] = last_as_read(cells[0], cells[-1])
            yield number, cells


def last_as_read(first: str, last: str) -> str:
    """Return the last cell of a line, given its first: of N-Triples without the full stop.

    It stands behind blanks, an IRI or a text in quotes.
    """
    if not (last.endswith(".") and first.startswith(("<", "_:"))):
        return last
    before = last[:-1]
    ends_the_line = not before or before[-1] in '>"' or before[-1].isspace()
    return before.rstrip() if ends_the_line else last


def _csv_rows(path: Path, text: str) -> Iterator[Row]:
    """Yield the rows of a CSV text; a row over several lines has the number of its first."""
    lines = io.StringIO(_BLANKS_AFTER_QUOTE.sub('"', text), newline="")
    reader = csv.reader(lines, strict=True, skipinitialspace=True)
    line = 1
    limit = csv.field_size_limit(max(len(text), csv.field_size_limit()))
    try:
        for row in reader:
            cells = [cell.translate(_BREAKS).strip() for cell in row]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        message = f"not CSV: {error}."
        way_out = 'Close every quote; write a quote inside quotes twice: "say ""hi""".'
        way_out = WITHOUT_NUL if "NUL" in str(error) else way_out  # refused before Python 3.11
        raise FileFault(path, line, message, way_out) from error
    finally:
        csv.field_size_limit(limit)


def _wrong_count(
    path: Path, line: int, cells: list[str], layout: Layout, commas: bool
) -> FileFault:
    count = f"{len(cells)} column{'s' if len(cells) != 1 else ''}"
    names = [*layout.columns[: layout.least], *(f"[{c}]" for c in layout.columns[layout.least :])]
    between = "commas" if commas else "tabs"
    message = f"{count}, expected {', '.join(names)} separated by {between}."
    hint = _hint_commas(path, cells, layout) if commas else _hint_tabs(path, cells, layout)
    return FileFault(path, line, message, hint)


def _hint_tabs(path: Path, cells: list[str], layout: Layout) -> str:
    """Return the way out of a wrong number of tab-separated columns."""
    if len(cells) > len(layout.columns):
        return "Take the other columns out."
    if len(cells) == 1 and cells[0].startswith("#"):
        return "Delete the line if it is a comment, else put one tab between columns."
    nameless = path == STANDARD_INPUT
    if len(cells) == 1 and cells[0].count(",") >= layout.least - 1 and not nameless:
        return f"It looks comma-separated: rename it to {_renamed(path, '.csv')}."
    if len(cells) == 1 and cells[0].count(";") >= layout.least - 1:
        return "It looks separated by semicolons: put a tab in place of each."
    if len(cells) == 1 and len(cells[0].split()) >= layout.least:
        return "It looks separated by spaces: put one tab between columns."
    return "Put one tab between columns."


def _hint_commas(path: Path, cells: list[str], layout: Layout) -> str:
    """Return the way out of a wrong number of comma-separated columns."""
    if len(cells) > len(layout.columns):
        return 'Take the other columns out, or quote a cell that holds a comma: "Paris, Texas".'
    if len(cells) == 1 and cells[0].count(";") >= layout.least - 1:
        return "It looks separated by semicolons: put a comma in place of each."
    if path == STANDARD_INPUT:
        return "Put one comma between columns, or one tab in every line."
    return f"If it is separated by tabs, rename it to {_renamed(path, '.tsv')}."


def _renamed(path: Path, ending: str) -> str:
    """Return the file's name with another ending, `.gz` kept."""
    stem = path.name.partition(".")[0]
    return stem + ending + (".gz" if path.suffix == ".gz" else "")


def _empty_cell(path: Path, line: int, cells: list[str], layout: Layout) -> FileFault:
    column = layout.columns[cells.index("")]
    return FileFault(path, line, f"the {column} is empty.", "Fill it in or delete the line.")
