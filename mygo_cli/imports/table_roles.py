"""Which column of a table is what: guessed from headers and cells, unless it was typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mygo_cli.imports.table_columns import Column
from mygo_cli.imports.table_reading import Table


@dataclass(frozen=True)
class Typed:
    """The columns that were named on the command line; "" or nothing where none was.

    `relation` may name several columns of a table with a row an item. `separator` None is a guess,
    "" keeps every cell whole.
    """

    head: str = ""
    relation: tuple[str, ...] = ()
    tail: str = ""
    id: str = ""
    name: str = ""
    text: str = ""
    image: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    separator: str | None = None

    def flags(self) -> list[tuple[str, str]]:
        """Return each option that was given, with the column that it names."""
        one = [(role, getattr(self, role)) for role in ("head", "tail", "id", "name", "text")]
        many = [
            (role, name)
            for role, names in (
                ("relation", self.relation),
                ("image", self.image),
                ("skip", self.skip),
            )
            for name in names
        ]
        return [(f"--{role}", name) for role, name in (*one, *many) if name]

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
    """What helps to guess a table: what was typed, and the entities of the tables before it."""

    typed: Typed = field(default_factory=Typed)
    entities: frozenset[str] = frozenset()


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
