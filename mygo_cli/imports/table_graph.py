"""Tables whose columns are known, turned into entities, facts, names, descriptions and pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mygo_cli.errors import DataError
from mygo_cli.imports.dataset_folder import Fact
from mygo_cli.imports.table_columns import Column, values_of
from mygo_cli.imports.table_reading import BETWEEN, Table
from mygo_cli.imports.table_roles import FactTable, Guess, ItemTable

# What stands in a cell of an item where others leave it empty.
EXCEL_ERRORS = ("#n/a", "#ref!", "#value!", "#div/0!", "#name?", "#num!", "#null!")
NOT_KNOWN = frozenset(("n/a", "-", "--", "–", "—", "null", "nan", *EXCEL_ERRORS))


class LeftOut:
    """What was left out: each reason with how often and a first example."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def add(self, what: str, example: str, count: int = 1) -> None:
        """Count something; the first example stays."""
        before, first = self._found.get(what, (0, example))
        self._found[what] = before + count, first

    def rows(self) -> list[tuple[str, int, str]]:
        """Return reason, count and example of each."""
        return [(what, count, example) for what, (count, example) in self._found.items()]


@dataclass
class Gathered:
    """What the tables hold, before anything is written.

    `entities` and `facts` are in the order of their first appearance. `pictures` are the file names
    that tables give, each with the table's folder; `keys` what else an entity's pictures may be
    called. `examples` are three facts, of different relations if there are.
    """

    entities: dict[str, None] = field(default_factory=dict)
    facts: dict[Fact, None] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    pictures: dict[str, list[tuple[Path, str]]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    left_out: LeftOut = field(default_factory=LeftOut)

    @property
    def examples(self) -> list[Fact]:
        """Three facts, of different relations if there are."""
        by_relation: dict[str, Fact] = {}
        for fact in self.facts:
            by_relation.setdefault(fact[1], fact)
        return list(dict.fromkeys([*by_relation.values(), *self.facts]))[:3]


def gather(guesses: Sequence[Guess]) -> Gathered:
    """Return what tables hold; raise `DataError` where that is no fact at all.

    Tables of items come first, so that entities keep their order there.
    """
    found = Gathered()
    for guess in sorted(guesses, key=lambda guess: isinstance(guess, FactTable)):
        _report_table(guess, found.left_out)
        if isinstance(guess, FactTable):
            _gather_facts(guess, found)
        else:
            _gather_items(guess, found)
    if not found.facts:
        raise DataError(
            f"{' and '.join(guess.table.name for guess in guesses)}: no fact is left.",
            "Name columns with --head, --relation and --tail, or with --id and --relation.",
        )
    return found


def _report_table(guess: Guess, left_out: LeftOut) -> None:
    """Note the columns that are not read, and the rows that nobody can read."""
    table = guess.table
    for reason, column in guess.unused:
        example = f"{column.name}: {column.cells[0]}" if column.cells else column.name
        left_out.add(f"column of {table.name}: {reason}", _short(example))
    for row in table.too_long:
        left_out.add(f"row of {table.name} with more cells than columns", _row_text(row))


def _gather_facts(guess: FactTable, found: Gathered) -> None:
    for row in guess.table.rows:
        head, relation = _cell(row, guess.head), _cell(row, guess.relation)
        tails = values_of(_cell(row, guess.tail), guess.separator)
        if not (head and relation and tails):
            found.left_out.add(f"row of {guess.table.name} with an empty cell", _row_text(row))
            continue
        for tail in tails:
            _add_fact(found, guess.table, (head, relation, tail))


def _gather_items(guess: ItemTable, found: Gathered) -> None:
    for row in guess.table.rows:
        entity = _label(_cell(row, guess.id), found)
        if not entity:
            found.left_out.add(f"row of {guess.table.name} without {guess.id.name}", _row_text(row))
            continue
        found.entities.setdefault(entity)
        _describe(guess, entity, row, found)
        for column, separator in guess.relations:
            for value in values_of(row[column.place], separator):
                if value.casefold() in NOT_KNOWN:
                    what = f"cell of {guess.table.name} that says that nothing is known"
                    found.left_out.add(what, f"{entity}, {column.name}: {value}")
                else:
                    _add_fact(found, guess.table, (entity, column.name, value))


def _describe(guess: ItemTable, entity: str, row: Sequence[str], found: Gathered) -> None:
    """Note the name, the description and the pictures of an item."""
    name = _label(_cell(row, guess.name), found)
    if name and found.names.setdefault(entity, name) != name:
        found.left_out.add("another name of an item that has one", f"{entity}: {name}")
    text = " ".join(_cell(row, guess.text).replace(BETWEEN, " ").split())
    if text and text not in found.texts.setdefault(entity, []):
        found.texts[entity].append(text)
    found.keys.setdefault(entity, []).extend(filter(None, (_cell(row, x) for x in guess.other)))
    for column in guess.images:
        for file in column.pictures_in(row[column.place]):
            found.pictures.setdefault(entity, []).append((guess.table.path.parent, file))


def _cell(row: Sequence[str], column: Column | None) -> str:
    """Return what a cell says, "" where it holds an error of Excel."""
    cell = row[column.place] if column is not None else ""
    return "" if cell.casefold() in EXCEL_ERRORS else cell


def _add_fact(found: Gathered, table: Table, cells: Iterable[str]) -> None:
    head, relation, tail = (_label(cell, found) for cell in cells)
    fact = (head, relation, tail)
    if fact in found.facts:
        found.left_out.add("fact that is there already", f"{table.name}: {_row_text(fact)}")
        return
    found.facts[fact] = None
    found.entities.setdefault(head)
    found.entities.setdefault(tail)


def _label(cell: str, found: Gathered) -> str:
    """Return a cell as a name: as it is, but for what a line of a dataset folder cannot hold."""
    cell = cell.removesuffix(BETWEEN)  # a list of one
    if not any(mark in cell for mark in "\t\r\n" + BETWEEN):
        return cell
    found.left_out.add("line break or tab in a name, now a blank", _short(" ".join(cell.split())))
    return " ".join(_parts(cell))


def _parts(cell: str) -> Iterator[str]:
    for line in cell.replace("\t", "\n").replace(BETWEEN, "\n").replace("\r", "\n").split("\n"):
        if line.strip():
            yield line.strip()


def _row_text(cells: Iterable[str]) -> str:
    return _short(", ".join(cells))


def _short(text: str, most: int = 60) -> str:
    """Return a text as an example, on one line and cut where it is long."""
    line = " ".join(text.replace(BETWEEN, " ").split())
    return line if len(line) <= most else line[: most - 3] + "..."
