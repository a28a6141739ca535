"""Small tables that would want all memory are refused in one line, before they have it."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mygo_cli import files
from mygo_cli.errors import DataError
from mygo_cli.graph.text_files import read_text
from mygo_cli.imports import table_bounds
from mygo_cli.imports.codebook import read_codebook
from mygo_cli.imports.table_bounds import CELL
from mygo_cli.imports.table_reading import read_tables

MANY = r"holds a table of more than [\d,]+ cells\. If that is right, save it as CSV\.$"


def workbook(path: Path, *cells: str) -> Path:
    """Write a workbook with a text in each of the cells."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for cell in cells:
        book.active[cell] = "x"
    book.save(path)
    return path


def test_a_workbook_with_a_cell_far_away(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "UNPACKED_ANYWAY", 100_000 * CELL)
    path = workbook(tmp_path / "t.xlsx", "A1", "A2", "XFD3", "A20000")
    (table,) = read_tables(path)
    assert (len(table.columns), len(table.rows)) == (16_384, 4)
    path = workbook(tmp_path / "t.xlsx", *(f"XFD{row}" for row in range(1, 9)))
    with pytest.raises(DataError, match=MANY):
        read_tables(path)


def test_a_workbook_whose_rows_are_numbered_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "UNPACKED_ANYWAY", 100_000 * CELL)
    path = workbook(tmp_path / "t.xlsx", "A1", "A2")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "u.xlsx", "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.endswith("sheet1.xml"):
                text = text.replace(b'r="2"', b'r="2000000000"').replace(b"A2", b"A2000000000")
            new.writestr(name, text)
    with pytest.raises(DataError, match=MANY):
        read_tables(tmp_path / "u.xlsx")


def test_what_a_workbook_says_of_its_size_is_not_believed(tmp_path):
    path = workbook(tmp_path / "t.xlsx", "A1", "B1", "A2", "B2")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "u.xlsx", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"A1:B2", b"A1:XFD1048576"))
    (table,) = read_tables(tmp_path / "u.xlsx")
    assert (len(table.columns), table.rows, table.headed) == (2, [["x", "x"]] * 2, False)


def test_a_packed_workbook(tmp_path, monkeypatch):
    path = workbook(tmp_path / "t.xlsx", "A1", "A2")
    monkeypatch.setattr(files, "UNPACKED_ANYWAY", 1000)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("more.xml", b" " * (200 * path.stat().st_size))
    with pytest.raises(DataError, match=r"t\.xlsx holds more than [\d,]+ bytes\. .* save it as"):
        read_tables(path)


def test_errors_and_whole_numbers_of_a_workbook(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["a", "n"], ["#N/A", 3.0], ["NA", 2.5], [True, None]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    (table,) = read_tables(tmp_path / "t.xlsx")
    assert table.rows == [["#N/A", "3"], ["NA", "2.5"], ["true", ""]]


def parquet(path: Path, columns: dict[str, object], **options: object) -> Path:
    """Write columns to a Parquet file."""
    arrow = pytest.importorskip("pyarrow")
    written = pytest.importorskip("pyarrow.parquet")
    written.write_table(arrow.table(columns), path, **options)
    return path


def test_a_value_that_stands_in_every_row(tmp_path):
    pytest.importorskip("pandas")
    path = parquet(tmp_path / "t.parquet", {"n": np.zeros(5_000_000, dtype=np.int8)})
    with pytest.raises(DataError, match=MANY):
        read_tables(path)


def test_a_long_text_that_stands_in_every_row(tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    path = parquet(tmp_path / "t.parquet", {"id": ["a", "b"] * 500, "t": ["x" * 9000] * 1000})
    assert len(read_tables(path)[0].rows) == 1000
    monkeypatch.setattr(files, "UNPACKED_ANYWAY", 8_000_000)
    with pytest.raises(DataError, match=r"t\.parquet holds more than 8,000,000 bytes"):
        read_tables(path)


def test_texts_in_lists(tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    path = parquet(tmp_path / "t.parquet", {"id": ["a", "b"], "t": [["x" * 900] * 9000, []]})
    assert len(read_tables(path)[0].rows) == 2
    monkeypatch.setattr(files, "UNPACKED_ANYWAY", 8_000_000)
    with pytest.raises(DataError, match=r"t\.parquet holds more than 8,000,000 bytes"):
        read_tables(path)


def test_a_packed_parquet_file(tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    text = {"t": ["x" * 1_000_000, "y"]}
    path = parquet(tmp_path / "t.parquet", text, compression="zstd", use_dictionary=False)
    monkeypatch.setattr(files, "UNPACKED_ANYWAY", 500_000)
    with pytest.raises(DataError, match=r"t\.parquet holds more than [\d,]+ bytes"):
        read_tables(path)


def test_a_library_that_ends_its_process(tmp_path, monkeypatch):
    """As pyarrow 26 does where the sizes of a column do not match."""
    pytest.importorskip("pandas")
    path = parquet(tmp_path / "t.parquet", {"id": ["a", "b"]})
    assert len(read_tables(path)[0].rows) == 2
    monkeypatch.setattr(table_bounds, "LIST_CHUNKS", "import os; os.abort()")
    with pytest.raises(DataError, match=r"t\.parquet cannot be read: its list of columns is dam"):
        read_tables(path)


def test_wide_and_long(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("," * 10_000 + "\n" + "a\n" * 10_000)
    assert len(read_tables(path)[0].columns) == 1  # the empty ones at the end are none
    path.write_text("c" + ",c" * 10_000 + "\n" + "a\n" * 10_000)
    with pytest.raises(DataError, match=MANY):
        read_tables(path)
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps({str(row): 1}) + "\n" for row in range(9000)))
    with pytest.raises(DataError, match=MANY):
        read_tables(path)


def test_many_columns_of_one_name(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("c" + ",c" * 100_000 + ",c (2)\n" + "1" + ",2" * 100_001 + "\n")
    columns = read_tables(path)[0].columns
    assert len(set(columns)) == len(columns) == 100_002
    assert columns[:3] == ["c", "c (2)", "c (3)"]
    assert columns[-1] == "c (2) (2)"


def test_a_file_of_holes(tmp_path):
    path = tmp_path / "codebook.npy"
    np.save(path, np.ones((2, 4), dtype=np.float32))
    with path.open("r+b") as file:
        content = file.read().replace(b"(2, 4), } ", b"(1000000000, 4), }")[:128]
        file.seek(0)
        file.write(content.rstrip(b" \n").ljust(127) + b"\n")
        os.ftruncate(file.fileno(), 128 + 16 * 10**9)
    with pytest.raises(DataError, match=r"has 16,000,000,128 bytes, of which [\d,]+ are on"):
        read_codebook(path)
    text = tmp_path / "train.txt"
    text.write_text("a\tb\tc\n")
    os.truncate(text, 10**9)
    with pytest.raises(DataError, match=r"has 1,000,000,000 bytes, of which [\d,]+ are on"):
        read_text(text)


def test_an_array_that_is_larger_than_its_file(tmp_path):
    path = tmp_path / "codebook.npy"
    np.save(path, np.ones((2, 4), dtype=np.float32))
    path.write_bytes(path.read_bytes().replace(b"(2, 4), }         ", b"(2000000000, 4), }"))
    with pytest.raises(DataError, match=r"is damaged or no file of NumPy"):
        read_codebook(path)
