"""Rows of an answer: printed as a table, iterated, or made into a pandas DataFrame."""

from __future__ import annotations

import importlib
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar, overload

from mygo_cli.errors import MygoError
from mygo_cli.settings.fields import alternatives

if TYPE_CHECKING:
    from mygo_cli.graph.knowledge_graph import KnowledgeGraph


class Row(Protocol):
    """A frozen dataclass of plain values. `SHOWN` are the columns of its table, by their title.

    It may have `PICTURED`, too: the fields with the ids of the entities whose pictures stand in a
    column, by the title of that.
    """

    SHOWN: ClassVar[Mapping[str, str]]


R = TypeVar("R", bound=Row)


class Rows(Sequence[R], Generic[R]):
    """Rows of one `kind`, best first. `str` and notebooks show a table below the `title`.

    Notebooks show the pictures of a `graph` beside its entities, if one is given.
    """

    def __init__(
        self,
        kind: type[R],
        rows: Iterable[R],
        title: str = "",
        graph: KnowledgeGraph | None = None,
    ) -> None:
        self.kind = kind
        self.title = title
        self.graph = graph
        self._rows = tuple(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows)

    @overload
    def __getitem__(self, place: int) -> R: ...
    @overload
    def __getitem__(self, place: slice) -> Rows[R]: ...
    def __getitem__(self, place: int | slice) -> R | Rows[R]:
        found = self._rows[place]
        return Rows(self.kind, found, self.title, self.graph) if isinstance(found, tuple) else found

    @property
    def headers(self) -> list[str]:
        """Return the titles of the table's columns."""
        return list(self.kind.SHOWN)

    def cells(self) -> list[tuple[object, ...]]:
        """Return the rows of the table, a value for each of the `headers`."""
        of = attrgetter(*self.kind.SHOWN.values())
        return [of(row) for row in self._rows]

    def records(self) -> list[dict[str, Any]]:
        """Return every row as a dictionary of all its fields."""
        return [record(row) for row in self._rows]

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with a column for each field.

        Raises `MygoError` where pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            raise MygoError(
                "A DataFrame needs the package pandas, which is not installed.",
                "pip install pandas, or iterate over the rows.",
            ) from error
        return pandas.DataFrame(self.records(), columns=list(columns(self.kind)))

    def __str__(self) -> str:
        table = [self.headers, *([text_of(cell) for cell in row] for row in self.cells())]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        return "\n".join([self.title, *lines] if self.title else lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from mygo_cli.runs.notebook import rows_html

        return rows_html(self)


def columns(kind: type[Any]) -> dict[str, type]:
    """Return name and type of each field of a row or another dataclass, `str` for `str | None`."""
    hints = typing.get_type_hints(kind)
    return {field.name: alternatives(hints[field.name])[0] for field in fields(kind)}


def record(row: Row) -> dict[str, Any]:
    """Return the fields of a row by name."""
    return dict(vars(row))


def text_of(cell: object) -> str:
    """Return a cell of the table: floats with four digits, None as a dash."""
    if cell is None:
        return "-"
    return f"{cell:.4f}" if isinstance(cell, float) else str(cell)
