"""Rows of an answer on the terminal: tables by default, JSON, CSV or TSV where asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mygo_cli import console, records
from mygo_cli.errors import UsageError
from mygo_cli.streams import data_output

if TYPE_CHECKING:
    from mygo_cli.runs.rows import Rows

CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")]
TsvOption = Annotated[bool, typer.Option("--tsv", help="Print TSV instead of a table.")]
Shape = Literal["table", "json", "csv", "tsv"]


def shape_of(as_json: bool, as_csv: bool, as_tsv: bool) -> Shape:
    """Return how to print; raise `UsageError`, before anything is computed, for two ways."""
    flags: dict[Shape, bool] = {"json": as_json, "csv": as_csv, "tsv": as_tsv}
    asked = [shape for shape, given in flags.items() if given]
    if len(asked) > 1:
        raise UsageError(f"--{asked[0]} and --{asked[1]} exclude each other.", "Leave one out.")
    return asked[0] if asked else "table"


def print_rows(tables: Sequence[Rows[Any]], shape: Shape) -> None:
    """Print tables of one kind of rows, one below the other; there is one at least.

    Except on the terminal they become one: the rows of all, with every field.
    """
    if shape == "table":
        for each in tables:
            console.table(each.headers, each.cells(), title=each.title or None)
        return
    rows = [row for each in tables for row in each.records()]
    if shape == "json":
        console.print_json(rows)
        return
    from mygo_cli.runs.rows import columns

    records.write_rows(data_output(), shape, columns(tables[0].kind), rows)
