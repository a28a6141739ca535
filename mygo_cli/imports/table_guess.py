"""What several tables are: those with a row a fact are guessed first, as others lean on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from mygo_cli.errors import UsageError, suggest
from mygo_cli.imports.table_columns import columns_of
from mygo_cli.imports.table_facts import guess_facts, typed_facts
from mygo_cli.imports.table_items import guess_items, own_ids
from mygo_cli.imports.table_reading import Table, read_tables
from mygo_cli.imports.table_roles import (
    FactTable,
    Guess,
    Known,
    Typed,
    column_named,
    columns_named,
)


def read_and_guess(paths: Iterable[Path], items: Iterable[Path], typed: Typed) -> list[Guess]:
    """Return what each table of the files is; those of `items` have a row an item for sure.

    Raises `UsageError` for a typed column that no table has, and as `read_tables` does.
    """
    items = list(dict.fromkeys(items))
    others = [path for path in dict.fromkeys(paths) if path not in items]
    tables = [table for path in (*others, *items) for table in read_tables(path)]
    refuse_unknown(typed, tables)
    return guess_tables(tables, typed, frozenset(items))


def guess_tables(
    tables: Sequence[Table], typed: Typed, items: frozenset[Path] = frozenset()
) -> list[Guess]:
    """Return what each table is, in their order."""
    known = Known(typed)
    facts = [None if table.path in items else _as_facts(table, known) for table in tables]
    about = frozenset().union(*(x.head.distinct | x.tail.distinct for x in facts if x is not None))
    ids = [
        frozenset() if found is not None else own_ids(table, typed)
        for table, found in zip(tables, facts, strict=True)
    ]
    return [
        guess_items(table, Known(typed, about, frozenset().union(*ids[:place], *ids[place + 1 :])))
        if found is None
        else found
        for place, (table, found) in enumerate(zip(tables, facts, strict=True))
    ]


def _as_facts(table: Table, known: Known) -> FactTable | None:
    """Return a table as one of facts, None where that was not typed and does not look so."""
    if typed_facts(table, known.typed):
        return guess_facts(table, known, sure=True)
    if columns_named(columns_of(table), known.typed.id):
        return None  # an id was typed, which only items have
    return guess_facts(table, known)


def refuse_unknown(typed: Typed, tables: Iterable[Table]) -> None:
    """Raise `UsageError` for a typed column that no table has."""
    columns = [column for table in tables for column in columns_of(table)]
    for flag, name in typed.flags():
        if column_named(columns, name) is None:
            raise UsageError(
                f"{flag} {name}: no table has such a column.",
                suggest(name, (column.name for column in columns)),
            )
