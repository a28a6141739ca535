"""Triples as distinct questions (h, r, ?) and (?, r, t), each with all its answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mygo_cli.graph.triples import Triples


class Queries(NamedTuple):
    """Questions (h, r, ?) and (?, r, t): the known entity, the relation, the side asked for.

    `entity` (B,) and `relation` (B,) int64; `predict_head` (B,) bool.
    """

    entity: Tensor
    relation: Tensor
    predict_head: Tensor

    def at(self, rows: slice | Tensor) -> Queries:
        """Return the queries in these rows."""
        return Queries(*(column[rows] for column in self))


@dataclass(frozen=True)
class Questions:
    """Q questions and their P answers in compressed rows: all int64 but `predict_head`, bool.

    Question i asks for (`entity[i]`, `relation[i]`) on the side `predict_head[i]` and has the
    answers `answers[start[i]:start[i + 1]]`, which are the triples `triples[...]` of the source.
    """

    entity: Tensor
    relation: Tensor
    predict_head: Tensor
    start: Tensor
    answers: Tensor
    triples: Tensor

    def __len__(self) -> int:
        return len(self.entity)

    @property
    def queries(self) -> Queries:
        """What the model is asked."""
        return Queries(self.entity, self.relation, self.predict_head)

    @property
    def rows(self) -> Tensor:
        """Which question each answer belongs to, (P,)."""
        return torch.repeat_interleave(torch.arange(len(self)), self.start.diff())

    def batches(self, size: int) -> Iterator[Questions]:
        """Yield the questions in order, at most `size` at a time, batches as even as can be.

        A small last batch would spoil the statistics of batch normalisation.
        """
        number = -(-len(self) // size)
        edges = [place * len(self) // number for place in range(number + 1)] if number else []
        for first, last in pairwise(edges):
            yield self.part(slice(first, last))

    def part(self, rows: slice) -> Questions:
        """Return a range of the questions with their answers."""
        start, answers = packed_part(self.start, self.answers, rows)
        _, triples = packed_part(self.start, self.triples, rows)
        return Questions(*self.queries.at(rows), start, answers, triples)

    def reordered(self, order: Tensor) -> Questions:
        """Return the same questions in another order."""
        start, places = row_places(self.start[order], self.start.diff()[order])
        return Questions(
            self.entity[order],
            self.relation[order],
            self.predict_head[order],
            start,
            self.answers[places],
            self.triples[places],
        )


def ask(triples: Triples, sides: Tensor | None = None, group: bool = True) -> Questions:
    """Return the questions that `triples` (T, 3) answer.

    `sides` (T,) bool says which triples ask for their head (the others ask for their tail); None
    asks every triple for both. With `group` equal questions become one with several answers.
    """
    table = torch.from_numpy(np.ascontiguousarray(triples)).long()
    numbers = torch.arange(len(table))
    if sides is None:
        sides = torch.arange(2 * len(table)) >= len(table)
        table, numbers = table.repeat(2, 1), numbers.repeat(2)
    head, relation, tail = table.unbind(1)
    entity, answers = torch.where(sides, tail, head), torch.where(sides, head, tail)
    if group and len(table):
        order = torch.argsort(question_keys(entity, relation, sides, table), stable=True)
        entity, relation, sides = entity[order], relation[order], sides[order]
        answers, numbers = answers[order], numbers[order]
        keys = torch.stack((entity, relation, sides.long()))
        fresh = torch.ones(len(order), dtype=torch.bool)
        fresh[1:] = (keys[:, 1:] != keys[:, :-1]).any(0)
        first = fresh.nonzero()[:, 0]
    else:
        first = torch.arange(len(table))
    start = torch.cat((first, torch.tensor([len(answers)])))
    return Questions(entity[first], relation[first], sides[first], start, answers, numbers)


def triples_of(queries: Queries, answers: Tensor) -> Tensor:
    """Return the facts (B, 3) that the `answers` (B,) make of their queries."""
    head = torch.where(queries.predict_head, answers, queries.entity)
    tail = torch.where(queries.predict_head, queries.entity, answers)
    return torch.stack((head, queries.relation, tail), 1)


def packed_part(start: Tensor, entries: Tensor, rows: slice) -> tuple[Tensor, Tensor]:
    """Return a range of compressed rows as compressed rows of their own."""
    edges = start[rows.start : rows.stop + 1]
    return edges - edges[0], entries[edges[0] : edges[-1]]


def row_places(first: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Return how picked rows of a compressed table lie when packed, and where their entries stand.

    Picked row i has the `counts[i]` entries from place `first[i]` on, both int64 (R,). Packed, its
    entries are `start[i]:start[i + 1]`, (R + 1,); the second tensor holds their old places.
    """
    start = torch.cat((counts.new_zeros(1), counts.cumsum(0)))
    shift = torch.repeat_interleave(first - start[:-1], counts)
    return start, torch.arange(len(shift), device=shift.device) + shift


def question_keys(entity: Tensor, relation: Tensor, predict_head: Tensor, table: Tensor) -> Tensor:
    """Return one number a question, equal only for equal questions among those of `table`."""
    entities = int(table[:, (0, 2)].max()) + 1
    relations = int(table[:, 1].max()) + 1
    return (predict_head.long() * relations + relation) * entities + entity
