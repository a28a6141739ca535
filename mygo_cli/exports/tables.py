"""What a run has to give: vectors of entities and relations, and scores of triples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mygo_cli.errors import DataError, UsageError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.rows import TRIPLES, FileFault, read_rows, stop
from mygo_cli.model.queries import Triples
from mygo_cli.ranking.ranks import ranks
from mygo_cli.runs.opened import Trained

Array = np.ndarray[Any, Any]


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


def entity_table(trained: Trained, graph: KnowledgeGraph) -> Table:
    """Return id, display name and vector of each entity."""
    texts = {"entity": graph.entities, "name": graph.names}
    return Table(texts, {"vector": trained.entities.cpu().numpy()}, lists=texts)


def relation_table(trained: Trained, graph: KnowledgeGraph) -> Table:
    """Return name and vector of each relation."""
    texts = {"relation": graph.relations}
    return Table(texts, {"vector": trained.relations.cpu().numpy()}, lists=texts)


def score_table(
    trained: Trained,
    graph: KnowledgeGraph,
    triples: Triples,
    batch_size: int | None = None,
    advance: Callable[[int], None] = lambda done: None,
) -> Table:
    """Return score and filtered rank of the tail and of the head of each triple (T, 3).

    `tail_score` is what the model gives to the tail as the answer to (head, relation, ?),
    `tail_rank` its place among all entities, other known answers left out, ties counted
    realistically; `head_score` and `head_rank` likewise. `known` names the split that holds the
    triple. Raises `MygoError` for a score that is not a finite number.
    """
    import torch

    rivals = trained.rivals(graph, triples, batch_size, advance)
    found = ranks(rivals.better, rivals.ties)
    numbers: dict[str, Array] = {}
    for side, asked in (("tail", ~rivals.predict_head), ("head", rivals.predict_head)):
        order = torch.argsort(rivals.triple[asked])
        numbers[f"{side}_score"] = rivals.score[asked][order].numpy()
        numbers[f"{side}_rank"] = found[asked][order].numpy()
    head, relation, tail = (np.ascontiguousarray(column) for column in triples.T)
    names = {"head": graph.entities, "relation": graph.relations, "tail": graph.entities}
    rows = {"head": head, "relation": relation, "tail": tail}
    texts: dict[str, Sequence[str]] = {
        name: [names[name][row] for row in column] for name, column in rows.items()
    }
    texts["known"] = graph.splits_of(triples)
    lists = {"entity": graph.entities, "relation": graph.relations, "known": texts["known"]}
    return Table(texts, numbers, rows, lists)


def read_triples(path: Path, graph: KnowledgeGraph) -> Triples:
    """Return the triples of a file, int64 (T, 3), by id or display name as in `mygo rank`.

    Raises `DataError` with the line of a name that the graph does not have.
    """
    found = []
    if not path.is_file():
        raise DataError(f"{path}: no such file.")
    for line, (head, relation, tail) in read_rows(path, TRIPLES, stop):
        try:
            found.append(
                (graph.find_entity(head), graph.find_relation(relation), graph.find_entity(tail))
            )
        except UsageError as error:
            raise FileFault(path, line, error.problem, error.way_out) from error
    return np.array(found, dtype=np.int64)
