"""Tables as people have them, each a list of columns and rows of text, whatever file holds them."""

from __future__ import annotations

import csv
import importlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, get_args

from mygo_cli.errors import DataError, MygoError, suggest
from mygo_cli.files import parsed_json
from mygo_cli.graph.text_files import FileFault, read_text
from mygo_cli.imports.table_bounds import Bound, check_parquet, workbook_rows
from mygo_cli.imports.table_words import Role, fit

BETWEEN = "\x1f"  # stands between the values of a cell that is a list: ASCII's unit separator
DELIMITERS = (",", ";", "\t", "|")
TAB_FIRST = ("\t", ",", ";", "|")
ROWS_TRIED = 20  # to see which delimiter gives every row the same number of cells
EXTRA = "pip install 'mygo-kg[tables]', in a checkout pip install '.[tables]'"
RDF = (".nt", ".ttl", ".rdf", ".owl")
Grid = list[list[str]]


@dataclass(frozen=True)
class Table:
    """A table: `rows` have a cell for each of the `columns`, without blanks at its ends.

    `name` is what people call it: the file's name, with the sheet where a workbook has several.
    `too_long` are rows with more cells than there are columns; nobody knows which are which.
    `headed` is whether the file names its columns.
    """

    name: str
    path: Path
    columns: list[str]
    rows: Grid
    too_long: Grid
    headed: bool = True


def read_tables(path: Path) -> list[Table]:
    """Return the tables of a file: one, or that of each sheet of a workbook.

    A first line that also stands among the rows is no header: the columns are then called
    `column 1` and so on. Raises `DataError` where the file cannot be read or holds no row, and
    `MygoError` for a format whose package is not installed.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder.", "Name its tables; pictures: --images FOLDER")
    if not path.is_file():
        beside = [each.name for each in path.parent.glob("*")] if path.parent.is_dir() else []
        raise DataError(f"{path}: no such file.", suggest(path.name, beside))
    reader = READERS.get(_ending(path))
    if reader is None:
        way_out = f"Save it as {', '.join(READERS)}."
        if _ending(path) in RDF:
            way_out = f"It looks like RDF: mygo import rdf {path} --out GRAPH."
        raise DataError(f"{path}: no table that mygo reads.", way_out)
    grids = {sheet: grid for sheet, grid in reader(path).items() if _has_rows(grid)}
    if not grids:
        raise DataError(f"{path} holds no rows.", "Fill it, or leave it out.")
    several = len(grids) > 1
    return [
        _table(path, f"{path.name} ({sheet})" if several else path.name, grid)
        for sheet, grid in grids.items()
    ]


def _has_rows(grid: Grid) -> bool:
    """Return whether something stands below the first line that is not blank."""
    return sum(any(cell.strip() for cell in row) for row in grid) > 1


def _ending(path: Path) -> str:
    name = path.name.lower()
    return Path(name.removesuffix(".gz")).suffix if name.endswith(".gz") else path.suffix.lower()


def _table(path: Path, name: str, grid: Grid) -> Table:
    """Return a table from its lines, the first of which is the header if it looks like one."""
    stripped = [[cell.strip() for cell in row] for row in grid]
    rows = [row for row in stripped if any(row)]
    Bound(path).check_cells(len(rows) * max(map(len, rows)))
    rows = _without_titles(rows)
    header = [] if _is_a_row(rows[0], rows[1:]) else rows.pop(0)
    width = len(header) or max(map(len, rows))
    while header and not header[-1] and all(not any(row[width - 1 :]) for row in rows):
        header.pop()  # a comma at the end of each line
        width -= 1
    fitting: Grid = []
    too_long: Grid = []
    for row in rows:
        cells = row[:width] + [""] * (width - len(row))
        (too_long if any(row[width:]) else fitting).append(cells)
    if len(too_long) > len(fitting):
        raise DataError(
            f"{name}: most rows have more cells than the first line, {', '.join(header)}.",
            "Delete what stands above the header, or name all columns in it.",
        )
    return Table(name, path, _unique_names(header, width), fitting, too_long, bool(header))


def _without_titles(rows: Grid) -> Grid:
    """Return the lines from the header on: a title, or Excel's `sep=;`, has but its first cell.

    The header is as long as most lines are. Where the first line of several cells is not, or is a
    row, nothing is known of a header, and all lines are returned; also where the one cell above it
    is called as a column is.
    """
    most = Counter(map(_filled, rows)).most_common(1)[0][0]
    start = next((place for place, row in enumerate(rows) if _filled(row) > 1), 0)
    if _filled(rows[start]) != most or _is_a_row(rows[start], rows[start + 1 :]):
        return rows
    if any(fit(row[0], role) for row in rows[:start] for role in get_args(Role)):
        return rows
    return rows[start:]


def _filled(row: Sequence[str]) -> int:
    """Return how many cells a line has, blank ones at its end left out."""
    return max((place for place, cell in enumerate(row, 1) if cell), default=0)


def _is_a_row(first: Sequence[str], others: Grid) -> bool:
    """Return whether a line has a cell that stands below it again, as no header has."""
    return any(
        cell and any(place < len(row) and row[place] == cell for row in others)
        for place, cell in enumerate(first)
    )


def _unique_names(header: Sequence[str], width: int) -> list[str]:
    """Return a name for each column: its header, made different from those before it."""
    names: dict[str, int] = {}  # and how often each was wanted
    for place in range(width):
        plain = header[place] if place < len(header) and header[place] else f"column {place + 1}"
        name = plain
        while name in names:
            names[plain] += 1
            name = f"{plain} ({names[plain]})"
        names[name] = 1
    return list(names)


def _read_text_table(path: Path) -> dict[str, Grid]:
    """Read lines of cells; tab-separated ones have no quotes, as everywhere in mygo."""
    text = read_text(path)
    preferred = TAB_FIRST if _ending(path) in (".tsv", ".tab", ".sif", ".txt") else DELIMITERS
    delimiter = max(preferred, key=lambda mark: _fitness(mark, text))
    try:
        return {"": list(_lines(text, delimiter))}
    except csv.Error as error:
        message = f"not CSV: {error}."
        raise FileFault(
            path, None, message, 'Write a quote inside quotes twice: "a ""b"""'
        ) from error


def _fitness(delimiter: str, text: str) -> tuple[bool, int]:
    """Return whether a delimiter gives nearly every line as many columns, and how many."""
    rows: Grid = []
    with suppress(csv.Error):  # it is raised again when all is read
        rows += islice(filter(any, _lines(text, delimiter)), ROWS_TRIED)
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    regular = sum(len(row) == width for row in rows) >= 0.8 * len(rows)
    return regular and width > 1, width


def _lines(text: str, delimiter: str) -> Iterable[list[str]]:
    if delimiter == "\t":
        plain = text.replace("\r\n", "\n").replace("\r", "\n")
        return (line.split("\t") for line in plain.split("\n"))
    csv.field_size_limit(max(len(text), csv.field_size_limit()))
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _read_json(path: Path) -> dict[str, Grid]:
    """Read a list of objects, or one object that holds such a list or an object for each id."""
    found = _parsed(path, read_text(path), None)
    if isinstance(found, dict):
        lists = [each for each in found.values() if isinstance(each, list)]
        if lists:
            found = max(lists, key=len)
        elif all(isinstance(each, dict) for each in found.values()):
            found = [{"id": key} | value for key, value in found.items()]
    return {"": _grid_of_objects(path, found)}


def _read_json_lines(path: Path) -> dict[str, Grid]:
    lines = [(n, line) for n, line in enumerate(read_text(path).split("\n"), 1) if line.strip()]
    return {"": _grid_of_objects(path, [_parsed(path, line, number) for number, line in lines])}


def _parsed(path: Path, text: str, line: int | None) -> Any:
    try:  # numbers stay as they are written
        return parsed_json(text, parse_int=str, parse_float=str, parse_constant=str)
    except ValueError as error:
        message = f"not JSON: {error}."
        raise FileFault(path, line, message, "Export it again, or as CSV.") from error


def _grid_of_objects(path: Path, rows: Any) -> Grid:
    """Return objects as lines below a line of their keys; lists of cells as they are."""
    if isinstance(rows, list) and rows and all(isinstance(row, list) for row in rows):
        return [[_as_text(cell) for cell in row] for row in rows]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(
            f"{path}: not a list of objects, one for each row.", 'Write [{"id": "a", ...}, ...].'
        )
    columns = list(dict.fromkeys(key for row in rows for key in row))
    Bound(path).check_cells(len(rows) * len(columns))
    return [columns, *([_as_text(row.get(name)) for name in columns] for row in rows)]


def _read_parquet(path: Path) -> dict[str, Grid]:
    with _libraries(path):
        pandas = importlib.import_module("pandas")
        check_parquet(path)
        # Nullable numbers, or whole ones beside an empty cell would become 3.0.
        frame = pandas.read_parquet(path, dtype_backend="numpy_nullable")
    if any(frame.index.names):
        frame = frame.reset_index()
    return {"": [list(map(str, frame.columns)), *_cells_of_frame(frame)]}


def _read_excel(path: Path) -> dict[str, Grid]:
    grids: dict[str, Grid] = {}
    with _libraries(path):
        for sheet, row in workbook_rows(path):
            grids.setdefault(sheet, []).append([_as_text(_whole(cell)) for cell in row])
    return grids


def _whole(value: Any) -> Any:
    """Return a number of a workbook, which knows but one kind, as a whole one where it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


@contextmanager
def _libraries(path: Path) -> Iterator[None]:
    """Raise `MygoError` where a library that reads `path` is missing, `DataError` for its errors.

    The libraries raise what those below them raise.
    """
    try:
        yield
    except MygoError:
        raise
    except ImportError as error:
        problem = f"{path.name} needs the packages of the extra tables, of which one is missing."
        raise MygoError(problem, f"{EXTRA}; or save it as CSV.") from error
    except Exception as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path} cannot be read: {line}.", "Save it again, or as CSV.") from error


def _cells_of_frame(frame: Any) -> Grid:
    columns = [frame[name].astype(object).where(frame[name].notna(), None) for name in frame]
    return [[_as_text(cell) for cell in row] for row in zip(*columns, strict=True)]


def _as_text(value: Any) -> str:
    """Return a value as a cell; those of a list with `BETWEEN` between them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):  # one alone keeps the mark: it is whole as it is
        return BETWEEN.join(_as_text(each) for each in value) + BETWEEN * (len(value) == 1)
    return _as_text(value.tolist()) if hasattr(value, "tolist") else str(value)


READERS: dict[str, Callable[[Path], dict[str, Grid]]] = {
    ".csv": _read_text_table,
    ".tsv": _read_text_table,
    ".tab": _read_text_table,
    ".sif": _read_text_table,  # edges of Hetionet and Cytoscape
    ".txt": _read_text_table,
    ".json": _read_json,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".parquet": _read_parquet,
    ".xlsx": _read_excel,
    ".xlsm": _read_excel,
}
