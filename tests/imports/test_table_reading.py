"""Tables of every format give the same cells, byte for byte."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest

from mygo_cli.errors import DataError, MygoError
from mygo_cli.imports.table_reading import BETWEEN, Table, read_tables

COLUMNS = ["商品编号", 'Name "lang"', "Größe; Farbe"]
ROWS = [["007", 'Stuhl "Ä"', "a, b"], ["008", "北京's 5\" Tisch", ""], ["9", "é", "NA"]]


def read(path: Path, text: str | bytes) -> Table:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (table,) = read_tables(path)
    return table


def csv_text(delimiter: str, end: str) -> str:
    quoted = (['"' + cell.replace('"', '""') + '"' for cell in row] for row in [COLUMNS, *ROWS])
    return "".join(delimiter.join(row) + end for row in quoted)


@pytest.mark.parametrize("delimiter", [",", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv(tmp_path, delimiter, end):
    table = read(tmp_path / "t.csv", csv_text(delimiter, end).encode("utf-8-sig"))
    assert (table.columns, table.rows) == (COLUMNS, ROWS)


def test_tab_separated_lines_have_no_quotes(tmp_path):
    text = "".join("\t".join(row) + "\r\n" for row in [COLUMNS, *ROWS])
    assert read(tmp_path / "t.tsv", text).rows == ROWS
    assert read(tmp_path / "t.csv", text).rows == ROWS  # whatever it is called
    assert read(tmp_path / "t.tsv.gz", gzip.compress(text.encode())).rows == ROWS


def test_values_with_a_semicolon_are_no_columns(tmp_path):
    table = read(tmp_path / "t.csv", "id,colours\na,red;blue;green\nb,red;blue;green\n")
    assert table.columns == ["id", "colours"]


def test_json(tmp_path):
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    for content in (rows, {"version": 1, "items": rows}, [COLUMNS, *ROWS]):
        table = read(tmp_path / "t.json", json.dumps(content))
        assert (table.columns, table.rows) == (COLUMNS, ROWS)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\r\n" for row in rows)
    assert read(tmp_path / "t.jsonl", lines).rows == ROWS


def test_json_numbers_lists_and_what_is_missing(tmp_path):
    text = (
        '[{"id": 1.50, "tags": ["x", "y;z"], "ok": true}, {"id": 12345678901234567890, "b": null}]'
    )
    table = read(tmp_path / "t.json", text)
    assert table.columns == ["id", "tags", "ok", "b"]
    assert table.rows[0] == ["1.50", f"x{BETWEEN}y;z", "true", ""]
    assert table.rows[1] == ["12345678901234567890", "", "", ""]
    keyed = read(tmp_path / "t.json", '{"p1": {"colour": "red"}, "p2": {"colour": "blue"}}')
    assert keyed.columns == ["id", "colour"]
    assert keyed.rows == [["p1", "red"], ["p2", "blue"]]


def test_parquet(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(ROWS, columns=COLUMNS)
    frame["n"] = pandas.array([1, None, 3], dtype="Int64")
    frame["tags"] = [["x", "y"], [], None]
    frame.to_parquet(tmp_path / "t.parquet")
    (table,) = read_tables(tmp_path / "t.parquet")
    assert table.columns == [*COLUMNS, "n", "tags"]
    tags = [f"x{BETWEEN}y", "", ""]
    assert table.rows == [
        [*row, n, tag] for row, n, tag in zip(ROWS, ["1", "", "3"], tags, strict=True)
    ]


def test_excel_with_its_sheets(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("pandas")
    book = openpyxl.Workbook()
    for row in [[*COLUMNS, "n"], *([*row, n] for row, n in zip(ROWS, (1, None, 2.5), strict=True))]:
        book.active.append(row)
    book.create_sheet("空")
    book.save(tmp_path / "t.xlsx")
    (table,) = read_tables(tmp_path / "t.xlsx")
    assert table.name == "t.xlsx"
    assert table.columns == [*COLUMNS, "n"]
    assert table.rows == [[*row, n] for row, n in zip(ROWS, ["1", "", "2.5"], strict=True)]
    for row in (["a", "b"], ["x", "y"]):
        book["空"].append(row)
    book.save(tmp_path / "t.xlsx")
    assert [table.name for table in read_tables(tmp_path / "t.xlsx")] == [
        "t.xlsx (Sheet)",
        "t.xlsx (空)",
    ]


def test_headers_that_are_missing_or_the_same(tmp_path):
    table = read(tmp_path / "t.tsv", "a\tlikes\tb\nb\tlikes\tc\n")
    assert (table.headed, table.columns) == (False, ["column 1", "column 2", "column 3"])
    assert len(table.rows) == 2
    table = read(tmp_path / "t.csv", "id,colour,colour,,\n1,red,blue,x,\n")
    assert table.columns == ["id", "colour", "colour (2)", "column 4"]


def test_rows_of_other_lengths(tmp_path):
    table = read(tmp_path / "t.csv", "a,b,c\n1,2\n1,2,3,4\n,,\n1,2,3,\n\n")
    assert table.rows == [["1", "2", ""], ["1", "2", "3"]]
    assert len(table.too_long) == 1


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", b"a,b\n\xe4,x\n", r"t\.csv:2: not UTF-8 .* Save the file as UTF-8"),
        ("t.csv", b'a,b\n"x,y\n', r"t\.csv: not CSV: .* Write a quote inside quotes twice"),
        ("t.csv", b"a,b\n", r"t\.csv holds no rows\. Fill it"),
        ("t.csv", b"", r"t\.csv holds no rows"),
        ("t.csv", b"   \n   \n", r"t\.csv holds no rows"),
        ("t.csv", "a,b\n1,2\n".encode("utf-16"), r"t\.csv: not UTF-8 but UTF-16"),
        ("t.json", b"{", r"t\.json: not JSON: .* or as CSV"),
        ("t.json", b'"text"', r"t\.json: not a list of objects, one for each row"),
        ("t.jsonl", b'{"a": 1}\n{', r"t\.jsonl:2: not JSON"),
        ("t.doc", b"x", r"t\.doc: no table that mygo reads\. Save it as \.csv, .*\.xlsx"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, text, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path / name, text)


def test_a_name_that_is_mistyped(tmp_path):
    (tmp_path / "facts.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"fact\.csv: no such file\. Did you mean facts\.csv\?"):
        read_tables(tmp_path / "fact.csv")


def test_damaged_files_of_other_libraries(tmp_path):
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    with pytest.raises(DataError, match=r"t\.parquet cannot be read: .* or as CSV"):
        read(tmp_path / "t.parquet", b"no parquet")


def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)  # so Python notes what is not there
    monkeypatch.setitem(sys.modules, "pandas", None)
    for name in ("t.xlsx", "t.parquet"):
        with pytest.raises(MygoError, match=r"pip install 'mygo-kg\[tables\]'.* or save it as CSV"):
            read(tmp_path / name, b"x")


@pytest.mark.parametrize("text", ["[" * 501 + "]" * 501, '{"a":' * 9000 + "1" + "}" * 9000])
def test_json_that_is_nested_too_deep(tmp_path, text):
    with pytest.raises(DataError, match=r"t\.json: not JSON: nested too deep"):
        read(tmp_path / "t.json", text)


@pytest.mark.parametrize("above", ["sep=;", "Our stock\n", "Our stock;;;\n\nof 2021"])
def test_lines_above_the_header(tmp_path, above):
    text = f"{above}\nid;name;colour\nA1;Chair;red\nA2;Table;blue\nA3;Desk;\n"
    found = read(tmp_path / "t.csv", text)
    assert found.columns == ["id", "name", "colour"]
    assert [row[0] for row in found.rows] == ["A1", "A2", "A3"]


def test_a_header_that_names_one_column_stays_one(tmp_path):
    for last in ("red", "blue"):
        found = read(tmp_path / "t.csv", f"name,\nChair,red\nTable,{last}\n")
        assert found.columns == ["name", "column 2"]
        assert found.rows == [["Chair", "red"], ["Table", last]]


def test_most_rows_longer_than_the_header(tmp_path):
    with pytest.raises(DataError, match=r"t\.csv: most rows have more cells than the first line"):
        read(tmp_path / "t.csv", "a,b\n" + "1,2,3\n4,5,6\n7,8,9\n")


def test_a_workbook_with_a_title(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["Our stock"], [], ["id", "colour"], ["A1", "red"], ["A2", "blue"]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    (found,) = read_tables(tmp_path / "t.xlsx")
    assert (found.columns, found.rows) == (["id", "colour"], [["A1", "red"], ["A2", "blue"]])
