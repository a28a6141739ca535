"""Tables as files: NumPy, safetensors, TSV and Parquet."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

import numpy as np

from mygo_cli import records
from mygo_cli.errors import UsageError
from mygo_cli.exports.tables import Table
from mygo_cli.files import atomic_write
from mygo_cli.graph.triples import Array

Format = Literal["npz", "tsv", "safetensors", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
# A safetensors file whose header is longer cannot be opened.
LONGEST_HEADER = 100_000_000


def format_of(output: Path | None, named: Format | None) -> Format:
    """Return the format that was named, else that of the file's ending, else npz.

    Raises `UsageError` for another ending, and `MygoError` for Parquet without its package.
    """
    ending = output.suffix.lower().removeprefix(".") if output else "npz"
    found = named or next((each for each in FORMATS if each == ending), None)
    if found is None:
        raise UsageError(
            f"{output} does not say its format.",
            f"End it in .{', .'.join(FORMATS)}, or name one with --format.",
        )
    if found == "parquet":
        records.format_of(Path("file.parquet"))
    return found


def save_table(path: Path, kind: Format, table: Table) -> None:
    """Write a table at a stroke (docs/export.md); raise `DataError` where that fails."""
    if kind == "npz":
        with atomic_write(path) as file:
            _write_npz(file, table)
    elif kind == "safetensors":
        content = _safetensors(path, table)
        with atomic_write(path) as file:
            file.write(content)
    else:
        records.save_rows(path, kind, _columns(table), _rows(table))


def _write_npz(file: BinaryIO, table: Table) -> None:
    """Write the arrays of a table as `np.savez` does, but texts compressed.

    NumPy fills every text up to the longest one, four bytes a letter: a single long name would make
    the file hundreds of times as large. Numbers would not become smaller.
    """
    columns = {name: np.array(text, dtype=str) for name, text in table.texts.items()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in {**columns, **table.numbers}.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # without the time: equal tables, equal files
            entry.compress_type = zipfile.ZIP_DEFLATED if name in columns else zipfile.ZIP_STORED
            with archive.open(entry, "w", force_zip64=True) as content:
                np.lib.format.write_array(content, array, allow_pickle=False)


def _safetensors(path: Path, table: Table) -> bytes:
    """Return the bytes of a safetensors file: numbers as tensors, texts as JSON lists."""
    from safetensors.numpy import save

    lists = {name: json.dumps(list(text), ensure_ascii=False) for name, text in table.lists.items()}
    length = sum(len(text.encode()) for text in lists.values())
    if length > LONGEST_HEADER * 0.9:  # the rest is for quotes that are written as two letters
        raise UsageError(f"{path} cannot hold that many names.", "Use --format npz.")
    content: bytes = save({**table.numbers, **table.rows}, metadata=lists)
    return content


def _columns(table: Table) -> dict[str, type]:
    """Return name and type of each column: a vector has one for each of its numbers."""
    columns: dict[str, type] = dict.fromkeys(table.texts, str)
    for name, array in table.numbers.items():
        columns |= dict.fromkeys(_names(name, array), float)
    return columns


def _names(name: str, array: Array) -> list[str]:
    return [name] if array.ndim == 1 else [f"{name}_{place}" for place in range(array.shape[1])]


def _rows(table: Table) -> Iterator[dict[str, Any]]:
    """Yield the rows. A float32 prints as the shortest number that gives it back."""
    arrays = [(_names(name, array), array) for name, array in table.numbers.items()]
    for place in range(len(table)):
        row: dict[str, Any] = {name: text[place] for name, text in table.texts.items()}
        for names, array in arrays:
            row.update(zip(names, np.atleast_1d(array[place]), strict=True))
        yield row
