"""Rows come back from every format as they went in."""

from __future__ import annotations

import builtins
import csv
import io
import json
import os
from pathlib import Path

import pytest

from mygo_cli import records
from mygo_cli.errors import DataError, MygoError, UsageError
from mygo_cli.records import FORMATS, format_of, save_rows, write_rows

COLUMNS = {"rank": int, "name": str, "share": float, "new": bool}
ROWS = [
    {"rank": 1, "name": 'Dwayne "The Rock" Johnson', "share": 0.1, "new": True},
    {"rank": 2, "name": "東京, capital", "share": 1e-300, "new": False},
    {"rank": None, "name": "tab\there", "share": None, "new": None},
    {"rank": -(2**62), "name": "", "share": 1 / 3, "new": True},
]


def read(path: Path) -> list[dict[str, object]]:
    """Return the rows of a file, cells as the format holds them."""
    if path.suffix == ".parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
        return parquet.read_table(path).to_pylist()
    text = path.read_bytes().decode()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    header, *lines = (line.split("\t") for line in text.removesuffix("\n").split("\n"))
    return [dict(zip(header, cells, strict=True)) for cells in lines]


def as_text(rows):
    """Return rows as a format without types holds them."""
    return [{name: "" if cell is None else str(cell) for name, cell in row.items()} for row in rows]


@pytest.mark.parametrize("kind", FORMATS)
def test_there_and_back(tmp_path, kind):
    path = tmp_path / f"rows.{kind}"
    save_rows(path, kind, COLUMNS, iter(ROWS))
    expected = ROWS if kind in ("jsonl", "parquet") else as_text(ROWS)
    if kind == "tsv":
        expected[2]["name"] = "tab here"  # TSV has no way to hold it
    assert read(path) == expected
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", FORMATS)
def test_no_rows_still_have_columns(tmp_path, kind):
    path = tmp_path / f"rows.{kind}"
    save_rows(path, kind, COLUMNS, [])
    assert read(path) == []
    if kind == "parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
        kinds = [str(field.type) for field in parquet.read_schema(path)]
        assert kinds == ["int64", "string", "double", "bool"]
    elif kind != "jsonl":
        assert path.read_text().strip().replace("\t", ",") == ",".join(COLUMNS)


def test_columns_choose_and_order_the_cells(tmp_path):
    columns = {"new": bool, "rank": int}
    save_rows(tmp_path / "x.tsv", "tsv", columns, ROWS[:1])
    assert (tmp_path / "x.tsv").read_text() == "new\trank\nTrue\t1\n"
    save_rows(tmp_path / "x.jsonl", "jsonl", columns, ROWS[:1])
    assert (tmp_path / "x.jsonl").read_text() == '{"new": true, "rank": 1}\n'


def test_many_rows_of_parquet_go_block_by_block(tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(records, "ROWS_AT_ONCE", 3)
    save_rows(tmp_path / "x.parquet", "parquet", {"rank": int}, ({"rank": n} for n in range(10)))
    file = parquet.ParquetFile(tmp_path / "x.parquet")
    assert file.num_row_groups == 4
    assert file.read().column("rank").to_pylist() == list(range(10))


def test_text_into_an_open_file():
    file = io.StringIO()
    write_rows(file, "csv", {"name": str}, ROWS[1:2])
    assert file.getvalue() == 'name\n"東京, capital"\n'


@pytest.mark.parametrize("kind", FORMATS)
def test_what_fails_half_way_leaves_the_old_file(tmp_path, kind):
    def broken():
        yield ROWS[0]
        raise KeyboardInterrupt

    path = tmp_path / f"rows.{kind}"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        save_rows(path, kind, COLUMNS, broken())
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_full_disk(tmp_path, kind, monkeypatch):
    """The first byte that does not fit ends it, wherever the format notices."""

    class Full(io.FileIO):
        def write(self, content):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda path, mode: Full(path, mode.replace("b", "")))
    with pytest.raises(DataError, match=r"rows\.\w+ cannot be written: No space left on device"):
        save_rows(tmp_path / f"rows.{kind}", kind, COLUMNS, ROWS)


# Which format


@pytest.mark.parametrize(
    ("name", "named", "expected"),
    [
        ("facts.tsv", None, "tsv"),
        ("FACTS.CSV", None, "csv"),
        ("a.b.jsonl", None, "jsonl"),
        ("facts.parquet", None, "parquet"),
        ("facts.tsv", "csv", "csv"),
        ("facts", "jsonl", "jsonl"),
    ],
)
def test_the_ending_or_the_name_decides(name, named, expected):
    assert format_of(Path(name), named) == expected


@pytest.mark.parametrize("name", ["facts", "facts.txt", "facts.xlsx", ".tsv", "csv"])
def test_an_ending_that_says_nothing(name):
    with pytest.raises(UsageError, match=r"does not say its format\. End it in \.tsv"):
        format_of(Path(name))


def test_parquet_without_its_package(monkeypatch):
    importing = builtins.__import__

    def without(name, *arguments, **options):
        if name.startswith("pyarrow"):
            raise ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow")
        return importing(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MygoError, match=r"pip install pyarrow, or write \.tsv"):
        format_of(Path("facts.parquet"))
    assert format_of(Path("facts.tsv")) == "tsv"


@pytest.mark.skipif(os.name == "nt", reason="there the terminal translates")
def test_lines_end_in_one_character(tmp_path):
    for kind in ("tsv", "csv", "jsonl"):
        save_rows(tmp_path / "x", kind, COLUMNS, ROWS)
        assert b"\r" not in (tmp_path / "x").read_bytes()
