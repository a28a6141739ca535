"""Which column of a table is what: guessed from headers and cells, unless it was typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from mygo_cli.errors import UsageError
from mygo_cli.imports.table_columns import Column
from mygo_cli.imports.table_reading import Table

OneRole = Literal["head", "tail", "id", "name", "text"]  # of which a table has one column


@dataclass(frozen=True)
class Typed:
    """The columns that were named on the command line, those of several tables together.

    `relation`, `image` and `skip` may name several columns of one table. `separator` None is a
    guess, "" keeps every cell whole.
    """

    head: tuple[str, ...] = ()
    relation: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()
    id: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    image: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    separator: str | None = None

    def flags(self) -> list[tuple[str, str]]:
        """Return each option that was given, with the column that it names."""
        roles = ("head", "tail", "id", "name", "text", "relation", "image", "skip")
        return [(f"--{role}", name) for role in roles for name in getattr(self, role)]

    def column_of(self, table: Table, columns: Sequence[Column], role: OneRole) -> Column | None:
        """Return the column of a table that was typed for a role, None where none was.

        Raises `UsageError` where several were.
        """
        found = columns_named(columns, getattr(self, role))
        if len(set(found)) > 1:
            names = " and ".join(column.name for column in found[:2])
            raise UsageError(
                f"{table.name} has {names}, and one alone can be the {role}.",
                f"Leave one --{role} out.",
            )
        return next(iter(found), None)

    def separator_of(self, column: Column) -> str:
        """Return what parts the values of a cell."""
        return column.separator if self.separator is None else self.separator


@dataclass(frozen=True)
class FactTable:
    """A table with a row a fact, and what its columns are."""

    table: Table
    head: Column
    relation: Column
    tail: Column
    separator: str = ""
    unused: tuple[tuple[str, Column], ...] = ()  # why, and which

    @property
    def roles(self) -> list[tuple[str, Column, str]]:
        """What is read: the role, the column, and what separates its values."""
        named = (("head", self.head, ""), ("relation", self.relation, ""))
        return [*named, ("tail", self.tail, self.separator)]


@dataclass(frozen=True)
class ItemTable:
    """A table with a row an item, and what its columns are.

    `other` are columns by which pictures may be called too: codes of items that go by name.
    `relations` are columns, each with what separates its values.
    """

    table: Table
    id: Column
    name: Column | None = None
    text: Column | None = None
    images: tuple[Column, ...] = ()
    other: tuple[Column, ...] = ()
    relations: tuple[tuple[Column, str], ...] = ()
    unused: tuple[tuple[str, Column], ...] = ()

    @property
    def roles(self) -> list[tuple[str, Column, str]]:
        """What is read: the role, the column, and what separates its values."""
        one = (("entity", self.id), ("display name", self.name), ("description", self.text))
        named = [(role, column, "") for role, column in one if column is not None]
        named += [("picture", column, column.separator) for column in self.images]
        named += [("other id", column, "") for column in self.other]
        return named + [("relation", column, separator) for column, separator in self.relations]


Guess = FactTable | ItemTable


@dataclass(frozen=True)
class Known:
    """What helps to guess a table: what was typed, and what other tables have.

    `entities` stand in tables with a row a fact, `ids` are those of other tables' items.
    """

    typed: Typed = field(default_factory=Typed)
    entities: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()


def column_named(columns: Iterable[Column], name: str) -> Column | None:
    """Return the column of a name, capitals forgiven, None where there is none."""
    if not name:
        return None
    columns = list(columns)
    exact = [column for column in columns if column.name == name]
    near = [column for column in columns if column.name.casefold() == name.casefold()]
    return next(iter([*exact, *near]), None)


def columns_named(columns: Sequence[Column], names: Iterable[str]) -> tuple[Column, ...]:
    """Return those columns that have one of the names."""
    found = (column_named(columns, name) for name in names)
    return tuple(column for column in found if column is not None)
