"""A table with a row an item: which column is the id, which the name, what the others are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mygo_cli.errors import UsageError
from mygo_cli.imports.table_columns import MOST, Column, columns_of, values_of
from mygo_cli.imports.table_reading import Table
from mygo_cli.imports.table_roles import ItemTable, Known, Typed, columns_named

LONGEST_NAME = 80  # characters, of most names
SHORTEST_NUMBER = 3  # digits by which an id is told from an amount


def guess_items(table: Table, known: Known) -> ItemTable:
    """Return what the columns of a table with a row an item are.

    In turn, each among the columns that are left: pictures, id, description, name. The others are
    relations, but for numbers. Raises `UsageError` where no column can be the id.
    """
    typed, columns = known.typed, columns_of(table)
    rest = [
        each for each in columns if each not in columns_named(columns, typed.skip) and each.cells
    ]
    asked = columns_named(rest, typed.relation)
    free = [each for each in rest if each not in asked]
    images = columns_named(free, typed.image) or tuple(each for each in free if each.pictures)
    free = _without(free, images)
    own = _own_id(free)
    chosen_id = typed.column_of(table, columns, "id") or _likeliest(
        [each for each in free if not _points_elsewhere(each, own, known)],
        lambda each: _as_id(each, known),
    )
    if chosen_id is None:
        raise UsageError(f"{table.name}: no column tells the items apart.", "Name it: --id COLUMN")
    free = _without(free, (chosen_id, *columns_named(columns, (*typed.name, *typed.text))))
    text = typed.column_of(table, columns, "text") or _likeliest(free, _as_text)
    free = _without(free, (text,))
    other = () if chosen_id.says("id") else tuple(x for x in free if x.says("id") and x.unique)
    free = _without(free, other)
    name = typed.column_of(table, columns, "name") or _likeliest(
        free, lambda x: _as_name(x, chosen_id)
    )
    free = _without(free, (name,))
    kept = [
        each
        for each in columns
        if each in asked or (each in free and (_refers(each, chosen_id) or not _why_not(each)))
    ]
    roles = (chosen_id, name, text, *images, *other)
    return ItemTable(
        table,
        chosen_id,
        name,
        text,
        images,
        other,
        tuple((each, typed.separator_of(each)) for each in kept),
        _unused(columns, [*kept, *(each for each in roles if each is not None)]),
    )


def _without(columns: Sequence[Column], taken: Sequence[Column | None]) -> list[Column]:
    return [column for column in columns if column not in taken]


def _likeliest(columns: Sequence[Column], points: Callable[[Column], float]) -> Column | None:
    """Return the column with the most points, the leftmost of equals, None without any point."""
    best = max(columns, key=points, default=None)
    return best if best is not None and points(best) > 0 else None


def _as_id(column: Column, known: Known) -> float:
    """Return how well a column is the id: what facts are about, a word for it, all different."""
    if column.long_text:
        return 0
    about = len(column.distinct & known.entities) / max(1, len(column.distinct))
    called = column.says("id")
    first = 0.5 if column.place == 0 else 0.0
    measure = 1.0 if column.numeric and not called else 0.0
    different = len(column.distinct) / max(1, len(column.cells))
    return 5 * about + 2 * column.unique + 1.5 * called * different + first - measure


def own_ids(table: Table, typed: Typed) -> frozenset[str]:
    """Return the ids of the items of a table, as far as a header says where they stand."""
    columns = columns_of(table)
    column = typed.column_of(table, columns, "id") or _own_id(columns)
    return frozenset() if column is None else column.distinct


def _own_id(columns: Sequence[Column]) -> Column | None:
    """Return the first column that is called an id and has another one in each row."""
    return next((each for each in columns if each.cells and each.unique and each.says("id")), None)


def _points_elsewhere(column: Column, own: Column | None, known: Known) -> bool:
    """Return whether a column beside the table's `own` ids rather holds those of another table.

    It stands behind them, and its values are ids there, or one stands in several rows, or facts are
    about them, though no header says that the items are called so. But where the own ids are
    numbers, these may count the rows, which are about the other column.
    """
    if own is None or own.numeric or column.place <= own.place or column.says("id"):
        return False
    ids = known.ids if column.says("name") else known.ids | known.entities
    return not column.unique or len(column.distinct & ids) >= MOST * len(column.distinct)


def _as_text(column: Column) -> float:
    """Return how well a column is the description: it must be long, or be called one."""
    if column.numeric or not (column.long_text or (column.says("text") and not column.separator)):
        return 0
    return 1 + column.says("text") + column.long_text


def _as_name(column: Column, chosen_id: Column) -> float:
    """Return how well a column is the display name: by a word for it, or beside ids of digits."""
    if column.numeric or column.long_text or _length(column) > LONGEST_NAME:
        return 0
    if column.says("name"):
        return column.says("name") + column.unique
    return 0.5 if column.unique and chosen_id.coded and not column.coded else 0


def _length(column: Column) -> float:
    return sum(map(len, column.cells)) / max(1, len(column.cells))


def _refers(column: Column, chosen_id: Column) -> bool:
    """Return whether a column holds ids of items. Short numbers may be amounts all the same."""
    if not column.cells or min(map(len, chosen_id.cells)) < SHORTEST_NUMBER:
        return False
    values = {value for cell in column.distinct for value in values_of(cell, column.separator)}
    return len(values & chosen_id.distinct) >= MOST * len(values)


def _why_not(column: Column) -> str:
    """Return why a column is no relation, "" where it is one."""
    if not column.cells:
        return "empty"
    if column.numeric and not column.says("id"):
        return "numbers or dates"
    return "long text" if column.long_text else ""


def _unused(columns: Sequence[Column], used: Sequence[Column]) -> tuple[tuple[str, Column], ...]:
    return tuple((_why_not(x) or "not asked for", x) for x in columns if x not in used)
