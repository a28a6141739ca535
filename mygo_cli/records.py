"""Rows written as TSV, CSV, JSON Lines or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO, get_args

from mygo_cli.errors import MygoError, UsageError
from mygo_cli.files import atomic_write
from mygo_cli.streams import json_text

TextFormat = Literal["tsv", "csv", "jsonl"]
Format = Literal["tsv", "csv", "jsonl", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
Row = Mapping[str, Any]
Columns = Mapping[str, type]  # name to str, int, float or bool; any cell may be None

ROWS_AT_ONCE = 1 << 16  # in Parquet, where rows are turned into columns
_BREAKS = str.maketrans("\t\r\n", "   ")


def format_of(path: Path, named: Format | None = None) -> Format:
    """Return the format of `path`: the one `named`, else that of its ending.

    Raises `UsageError` for another ending, and `MygoError` for Parquet without its package: before
    there is anything to lose.
    """
    ending = path.suffix.lower().removeprefix(".")
    found = named or next((each for each in FORMATS if each == ending), None)
    if found is None:
        raise UsageError(
            f"{path} does not say its format.",
            "End it in .tsv, .csv, .jsonl or .parquet, or name one with --format.",
        )
    if found == "parquet":
        _import_pyarrow()
    return found


def save_rows(path: Path, kind: Format, columns: Columns, rows: Iterable[Row]) -> None:
    """Write rows into a file at a stroke, text as UTF-8; raise `DataError` where that fails."""
    with atomic_write(path) as file:
        if kind == "parquet":
            write_parquet(file, columns, rows)
            return
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        write_rows(text, kind, columns, rows)
        text.detach()  # or it would close the file


def write_rows(file: TextIO, kind: TextFormat, columns: Columns, rows: Iterable[Row]) -> None:
    """Write rows as text, TSV and CSV below a line of column names, and flush."""
    if kind == "csv":
        writer = csv.DictWriter(file, list(columns), extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        file.writelines(_tsv_lines(columns, rows) if kind == "tsv" else _json_lines(columns, rows))
    file.flush()


def _tsv_lines(columns: Columns, rows: Iterable[Row]) -> Iterator[str]:
    """Yield lines without quotes, as TSV has none; tabs and line breaks in cells become blanks."""
    yield "\t".join(columns) + "\n"
    for row in rows:
        cells = ("" if row[name] is None else str(row[name]) for name in columns)
        yield "\t".join(cell.translate(_BREAKS) for cell in cells) + "\n"


def _json_lines(columns: Columns, rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        record = {name: row[name] for name in columns}
        yield json_text(record) + "\n"


def write_parquet(file: BinaryIO, columns: Columns, rows: Iterable[Row]) -> None:
    """Write rows into an open file, so many at once; raise `MygoError` without the package."""
    arrow, parquet = _import_pyarrow()
    kinds = {str: arrow.string(), int: arrow.int64(), float: arrow.float64(), bool: arrow.bool_()}
    schema = arrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
    remaining = iter(rows)
    with parquet.ParquetWriter(file, schema) as writer:
        while block := list(islice(remaining, ROWS_AT_ONCE)):
            writer.write_table(arrow.Table.from_pylist(block, schema=schema))


def _import_pyarrow() -> tuple[Any, Any]:
    """Return the modules pyarrow and pyarrow.parquet."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MygoError(
            "Parquet needs the package pyarrow, which is not installed.",
            "pip install pyarrow, or write .tsv, .csv or .jsonl.",
        ) from error
    return pyarrow, pyarrow.parquet
