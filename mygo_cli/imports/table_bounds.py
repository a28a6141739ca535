"""How many cells and bytes a table may hold, so that a small file cannot want all memory.

A workbook names a cell anywhere in a million rows of 16,384 columns, Parquet writes a value once
that stands in every row, and a header may be as wide as the file is long: none of these files is
large. What is counted here is counted before it is made.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mygo_cli.errors import DataError
from mygo_cli.files import most_unpacked

CELL = 64  # bytes of a cell in memory: a short text and its place in a row
AS_CSV = "If that is right, save it as CSV."


class Bound:
    """What a file may hold, to be asked again and again while it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bytes = most_unpacked(path.stat().st_size)
        self.cells = self.bytes // CELL

    def check_cells(self, cells: int) -> None:
        """Raise `DataError` where a table of that many cells is far more than its file."""
        if cells > self.cells:
            raise DataError(f"{self.path} holds a table of more than {self.cells:,} cells.", AS_CSV)

    def check_bytes(self, size: int) -> None:
        """Raise `DataError` where that many bytes are far more than the file has."""
        if size > self.bytes:
            raise DataError(f"{self.path} holds more than {self.bytes:,} bytes.", AS_CSV)


def workbook_rows(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield the name of a sheet and a row of its values, for each row of a workbook.

    An empty cell is None. What a workbook says of its size is not believed: many programs write
    there what could be.
    """
    openpyxl = importlib.import_module("openpyxl")
    bound = Bound(path)
    with zipfile.ZipFile(path) as archive:
        bound.check_bytes(sum(member.file_size for member in archive.infolist()))
    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    cells = 0
    try:
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            for row in sheet.rows:
                cells += 1 + len(row)
                bound.check_cells(cells)
                yield sheet.title, tuple(c.value for c in row)
    finally:
        book.close()


def check_parquet(path: Path) -> None:
    """Raise `DataError` for a Parquet file that holds far more than its own size.

    Texts are read here as the numbers of a dictionary, which take little memory, to see how long
    they are where each stands in its row. Raises what pyarrow raises for a damaged file.
    """
    parquet = importlib.import_module("pyarrow.parquet")
    bound = Bound(path)
    with parquet.ParquetFile(path) as file:
        groups = [file.metadata.row_group(place) for place in range(file.num_row_groups)]
        bound.check_bytes(sum(group.total_byte_size for group in groups))
    chunks = _column_chunks(path)
    bound.check_cells(sum(count for _, count, _ in chunks))
    texts = {name for name, _, kind in chunks if kind == "BYTE_ARRAY"}
    total = 0
    for name in sorted(texts):
        with parquet.ParquetFile(path, read_dictionary=[name]) as file:
            for batch in file.iter_batches(columns=[name]):
                total += sum(map(_long, batch.columns))
                bound.check_bytes(total)


# Each column of each group of rows: its name, how many values it has, and of what kind.
LIST_CHUNKS = """
import json, sys
from pyarrow.parquet import ParquetFile

about = ParquetFile(sys.argv[1]).metadata
groups = [about.row_group(place) for place in range(about.num_row_groups)]
chunks = [group.column(place) for group in groups for place in range(group.num_columns)]
print(json.dumps([[each.path_in_schema, each.num_values, each.physical_type] for each in chunks]))
"""


def _column_chunks(path: Path) -> list[tuple[str, int, str]]:
    """Return what `LIST_CHUNKS` prints; raise `ValueError` where a file is damaged.

    That is another process, as pyarrow 26 ends its own where the sizes of a column do not match.
    """
    command = [sys.executable, "-c", LIST_CHUNKS, str(path)]
    asked = subprocess.run(command, capture_output=True, check=False)
    if asked.returncode:
        raise ValueError("its list of columns is damaged")
    return [(name, count, kind) for name, count, kind in json.loads(asked.stdout)]


def _long(column: Any) -> int:
    """Return how many bytes an Arrow column has as texts, each where it stands."""
    compute = importlib.import_module("pyarrow.compute")
    if not hasattr(column, "dictionary"):
        if not hasattr(column, "flatten"):
            return int(column.nbytes)
        inner = column.flatten()  # an array of what is in lists, a list of the parts of objects
        return sum(map(_long, inner)) if isinstance(inner, list) else _long(inner)
    lengths = compute.binary_length(column.dictionary)
    return compute.sum(compute.take(lengths, column.indices)).as_py() or 0
