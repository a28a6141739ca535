"""Tables as engineers have them: facts in any order of columns, a row an item, pictures."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from mygo_cli.imports.table_guess import guess_tables
from mygo_cli.imports.table_reading import Table
from mygo_cli.imports.table_roles import Guess, Typed

TEXT = "Number {} is made by hand and painted in the colours of the sea, which takes a while."
FACTS = [
    ("c1", "goes with", "t1"),
    ("c2", "goes with", "t1"),
    ("c1", "made by", "Ann & Co"),
    ("t1", "made by", "Ann & Co"),
    ("c2", "made by", "北京厂"),
    ("c3", "goes with", "t2"),
    ("t2", "made by", "北京厂"),
    ("c3", "made by", "北京厂"),
]
ITEMS = ["c1", "c2", "c3", "t1", "t2"]
HEADER = ["sku", "Name", "Description", "Picture", "Colour", "Price"]
NAMES = ['Chair "Ä"', "Café chair", "Stool", "Table, round", "Desk"]
COLOURS = ["red; blue", "red", "green", "blue", ""]
PRICES = ["12.50", "7", "1,200.00 €", "3", "4"]


def item_rows() -> list[list[str]]:
    """Return a row for each item, below no header."""
    rows = zip(ITEMS, NAMES, COLOURS, PRICES, strict=True)
    return [
        [item, name, TEXT.format(item), f"{item}.png", colours, price]
        for item, name, colours, price in rows
    ]


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    """Write a CSV file as Excel does: with a byte order mark and Windows line ends."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def write_pictures(folder: Path, *names: str) -> Path:
    """Draw a small picture under each name."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number, 0, 0)).save(path)
    return folder


def table(header: Sequence[str], rows: Sequence[Sequence[str]], name: str = "t.csv") -> Table:
    """Return a table as it is read."""
    return Table(name, Path(name), list(header), [list(row) for row in rows], [])


def guess(*tables: Table, **typed: object) -> list[Guess]:
    """Return what tables are taken for, with columns typed by role."""
    return guess_tables(tables, typed_columns(**typed))


def typed_columns(**typed: object) -> Typed:
    """Return what was typed by role, where one column may stand for a tuple of them."""
    several = {
        role: (names,) if isinstance(names, str) and role != "separator" else names
        for role, names in typed.items()
    }
    return Typed(**several)


def roles(of: Guess) -> dict[str, str]:
    """Return the column of each role; relations are joined with a plus."""
    found: dict[str, str] = {}
    for role, column, _ in of.roles:
        found[role] = f"{found[role]}+{column.name}" if role in found else column.name
    return found
