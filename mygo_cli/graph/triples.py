"""The rows of a split file as distinct triples of entity and relation numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mygo_cli.errors import suggest
from mygo_cli.graph.looks import Spellings
from mygo_cli.graph.rows import TRIPLES, OnFault, read_rows
from mygo_cli.graph.text_files import FileFault

Array = npt.NDArray[Any]  # of any numbers, its shape said where it is used
Triples = npt.NDArray[np.int64]  # [T, 3]: head, relation, tail
Numbers = npt.NDArray[np.int64]  # [T]

NO_TRIPLES: Triples = np.zeros((0, 3), dtype=np.int64)


@dataclass(frozen=True)
class Source:
    """Where the T distinct triples of a split stand.

    `line` int64 [T], the first line of each, from 1; `count` int64 [T], how many lines say it;
    `repeat`, the first line that only repeats another and the line it repeats, None without one.
    """

    path: Path
    line: Numbers
    count: Numbers
    repeat: tuple[int, int] | None = None

    @property
    def lines(self) -> int:
        """Return how many lines hold a triple."""
        return int(self.count.sum())


@dataclass
class Rows:
    """Entity and relation numbers as files are read; closed where entities.tsv names them all."""

    entities: dict[str, int]
    relations: dict[str, int]
    listed_in: Path | None

    def triple(self, path: Path, line: int, cells: list[str]) -> tuple[int, int, int]:
        """Return a row of a split as numbers; raise `FileFault` for an entity not listed."""
        head, relation, tail = cells
        known = self.entities
        if self.listed_in is None:
            first = known.setdefault(head, len(known))
            last = known.setdefault(tail, len(known))
        else:
            if head not in known or tail not in known:
                head, tail = (self._listed(path, line, entity) for entity in (head, tail))
            first, last = known[head], known[tail]
        return first, self.relations.setdefault(relation, len(self.relations)), last

    @cached_property
    def _spellings(self) -> Spellings:
        return Spellings(self.entities)

    def _listed(self, path: Path, line: int, name: str) -> str:
        """Return the listed entity of that name, or the only one that looks like it."""
        entity = self._spellings.find(name)
        if entity is None:
            raise self._unknown(path, line, name)
        return entity

    def _unknown(self, path: Path, line: int, entity: str) -> FileFault:
        listed = self.listed_in.name if self.listed_in else ""
        way_out = f"{suggest(entity, self.entities)} Or add it to {listed}."
        return FileFault(path, line, f"the entity {entity} is not in {listed}.", way_out)


def read_split(path: Path, rows: Rows, on_fault: OnFault) -> tuple[Triples, Source]:
    """Return the distinct triples of a file, in file order, and where they stand."""
    triples: list[tuple[int, int, int]] = []
    lines: list[int] = []
    for line, cells in read_rows(path, TRIPLES, on_fault):
        try:
            triples.append(rows.triple(path, line, cells))
            lines.append(line)
        except FileFault as fault:
            on_fault(fault)
    table = np.array(triples, dtype=np.int64).reshape(-1, 3)
    return _distinct(path, table, np.array(lines, dtype=np.int64))


def _distinct(path: Path, table: Triples, lines: Numbers) -> tuple[Triples, Source]:
    """Drop the rows of `table` [L, 3] that repeat an earlier one."""
    if not len(table):
        return NO_TRIPLES, Source(path, lines, lines)
    keys = triple_keys(table, int(table[:, 1].max()) + 1, int(table[:, (0, 2)].max()) + 1)
    _, first, group, count = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first)
    repeats = np.flatnonzero(first[group] != np.arange(len(table)))
    example = None
    if len(repeats):
        example = int(lines[repeats[0]]), int(lines[first[group[repeats[0]]]])
    kept = first[order]
    return table[kept], Source(path, lines[kept], count[order].astype(np.int64), example)


def triple_keys(triples: Triples, relations: int, entities: int) -> Numbers:
    """Return one number a triple, [T], equal only for equal triples."""
    keys: Numbers = (triples[:, 0] * relations + triples[:, 1]) * entities + triples[:, 2]
    return keys
