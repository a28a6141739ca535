"""A table with a row a fact: which column is the head, which the relation, which the tail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

from mygo_cli.errors import UsageError
from mygo_cli.imports.table_columns import Column, columns_of
from mygo_cli.imports.table_reading import Table
from mygo_cli.imports.table_roles import FactTable, Known, Typed, columns_named

Three = tuple[Column, Column, Column]  # head, relation, tail
MOST_COLUMNS = 6  # whose orders are tried
IN_BETWEEN = 0.05  # points of a relation that stands between head and tail: it decides near ties
MOST_RELATIONS = 0.5  # distinct ones, as a share of the rows


def guess_facts(table: Table, known: Known, sure: bool = False) -> FactTable | None:
    """Return what the columns are if a row is a fact, else None.

    The header's words count, and the cells: a relation is said again and again, and what is a head
    here is a tail there. With `sure` the table is taken for one in any case; raises `UsageError`
    where it has fewer than three columns.
    """
    columns = columns_of(table)
    typed = known.typed
    candidates = [each for each in columns if each.cells]
    candidates = [each for each in candidates if each not in columns_named(columns, typed.skip)]
    found = max(_orders(table, candidates, typed), key=_plausible, default=None)
    if found is None:
        if sure:
            raise UsageError(
                f"{table.name}: no columns for head, relation and tail.",
                "Name them with --head, --relation and --tail, or leave these options out.",
            )
        return None
    if not (sure or _is_fact_like(table, found, candidates)):
        return None
    return FactTable(table, *found, typed.separator or "", _unused(columns, found))


def typed_facts(table: Table, typed: Typed) -> bool:
    """Return whether what was typed says that a row of this table is a fact."""
    columns = columns_of(table)
    named = [names for names in (typed.head, typed.tail) if names]
    return bool(named) and all(columns_named(columns, names) for names in named)


def _orders(table: Table, columns: Sequence[Column], typed: Typed) -> Iterator[Three]:
    """Yield every head, relation and tail among columns that agrees with what was typed."""
    named = [
        typed.column_of(table, columns, "head"),
        next(iter(columns_named(columns, typed.relation)), None),
        typed.column_of(table, columns, "tail"),
    ]
    said = [x for x in columns if x.says("head") or x.says("relation") or x.says("tail")]
    others = [each for each in columns if each not in said and each not in named]
    tried = [*(each for each in named if each), *said, *others]
    for head, relation, tail in permutations(list(dict.fromkeys(tried))[:MOST_COLUMNS], 3):
        three = (head, relation, tail)
        if all(wanted in (None, found) for wanted, found in zip(named, three, strict=True)):
            yield three


def _plausible(three: Three) -> tuple[float, int, int]:
    """Return how well three columns are head, relation and tail; of equals the leftmost win."""
    head, relation, tail = three
    points = 3.0 * _words(three) + 2 * _shared(head, tail)
    points -= len(relation.distinct) / max(1, len(relation.cells))
    points += IN_BETWEEN * (head.place < relation.place < tail.place)
    points -= len(relation.distinct) == 1  # a note of where all comes from, rather
    points -= 2 * relation.numeric + head.numeric + tail.numeric
    points -= 2 * (head.long_text + relation.long_text + tail.long_text)
    return points, -head.place, -tail.place


def _is_fact_like(table: Table, three: Three, candidates: Sequence[Column]) -> bool:
    """Return whether a row with these columns is rather a fact than an item."""
    head, relation, tail = three
    if len(table.columns) == 3 and not table.headed:
        return True  # as other tools write triples; items have names for their columns
    if _words(three) == 3:
        return True
    if len(relation.distinct) > MOST_RELATIONS * len(relation.cells) or relation.numeric:
        return False
    if any(column.unique and not column.numeric for column in candidates):
        return False  # an id: every row is another item
    named = [column for column in candidates if not (column.numeric or column.long_text)]
    return _words(three) >= 2 or 3 in (len(named), len(candidates)) or _shared(head, tail) >= 0.1


def _words(three: Three) -> int:
    """Return how many of three headers say what the column is."""
    head, relation, tail = three
    return sum(
        bool(fits) for fits in (head.says("head"), relation.says("relation"), tail.says("tail"))
    )


def _shared(one: Column, other: Column) -> float:
    """Return the share of the different values that two columns have in common."""
    least = min(len(one.distinct), len(other.distinct))
    return len(one.distinct & other.distinct) / max(1, least)


def _unused(columns: Sequence[Column], used: Three) -> tuple[tuple[str, Column], ...]:
    return tuple(
        ("neither head, relation nor tail" if column.cells else "empty", column)
        for column in columns
        if column not in used
    )
