"""Vectors of entities and relations, and scores of triples, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Array, Triples

if TYPE_CHECKING:
    from mygo_cli.ranking.evaluate import Rivals


@dataclass(frozen=True)
class Table:
    """Columns of text and of numbers, a row for each entity, relation or triple.

    `numbers` are arrays [N], or [N, D] for vectors. Where a format has no text, `rows` stand for
    it, int64 [N], with the `lists` that they count in.
    """

    texts: Mapping[str, Sequence[str]]
    numbers: Mapping[str, Array]
    rows: Mapping[str, Array] = field(default_factory=dict)
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.texts.values())))


def entity_table(graph: KnowledgeGraph, vectors: Array) -> Table:
    """Return id, display name and vector of each entity, given all `vectors` (N, D)."""
    texts = {"entity": graph.entities, "name": graph.names}
    return Table(texts, {"vector": vectors}, lists=texts)


def relation_table(graph: KnowledgeGraph, vectors: Array) -> Table:
    """Return name and vector of each relation, given all `vectors` (M, D)."""
    texts = {"relation": graph.relations}
    return Table(texts, {"vector": vectors}, lists=texts)


def score_table(graph: KnowledgeGraph, triples: Triples, rivals: Rivals) -> Table:
    """Return score and filtered rank of the tail and of the head of each triple (T, 3).

    `rivals` are what a model says of both sides of these triples. `tail_score` is what it gives to
    the tail as the answer to (head, relation, ?), `tail_rank` its place among all entities, other
    known answers left out, ties counted realistically; `head_score` and `head_rank` likewise.
    `known` names the split that holds the triple.
    """
    rows = {
        name: np.ascontiguousarray(column)
        for name, column in zip(("head", "relation", "tail"), triples.T, strict=True)
    }
    names = {"head": graph.entities, "relation": graph.relations, "tail": graph.entities}
    texts: dict[str, Sequence[str]] = {
        name: [names[name][row] for row in column] for name, column in rows.items()
    }
    texts["known"] = graph.splits_of(triples)
    lists = {"entity": graph.entities, "relation": graph.relations, "known": texts["known"]}
    return Table(texts, _ranked(rivals), rows, lists)


def _ranked(rivals: Rivals) -> dict[str, Array]:
    """Return score and rank of both sides, each (T,), in the order of the triples."""
    import torch

    from mygo_cli.ranking.ranks import ranks

    found = ranks(rivals.better, rivals.ties)
    numbers: dict[str, Array] = {}
    for side, asked in (("tail", ~rivals.predict_head), ("head", rivals.predict_head)):
        order = torch.argsort(rivals.triple[asked])
        numbers[f"{side}_score"] = rivals.score[asked][order].numpy()
        numbers[f"{side}_rank"] = found[asked][order].numpy()
    return numbers
