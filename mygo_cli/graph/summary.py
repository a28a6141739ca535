"""What `mygo data info` tells of a graph."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from mygo_cli.graph.files import SPLITS, Split
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.relations import RelationClass, relation_classes


@dataclass(frozen=True)
class RelationSummary:
    """A relation, its class (judged by train) and its distinct triples in each split."""

    relation: str
    relation_class: RelationClass
    train: int
    valid: int
    test: int


@dataclass(frozen=True)
class GraphSummary:
    """Counts of a graph.

    `triples` are distinct ones per split; `kinds` entities per kind, most frequent first.
    `coverage` counts entities with image and text, with one of them and with neither.
    """

    name: str
    folder: str
    entities: int
    relations: int
    triples: dict[Split, int]
    kinds: dict[str, int]
    pictures: int
    coverage: dict[str, int]
    relation_table: tuple[RelationSummary, ...]


def summarise(graph: KnowledgeGraph) -> GraphSummary:
    """Return the counts of a graph. Lists pictures and reads descriptions, opens no picture."""
    kinds = Counter(kind for kind in graph.kinds if kind)
    return GraphSummary(
        name=graph.name,
        folder=str(graph.folder),
        entities=len(graph.entities),
        relations=len(graph.relations),
        triples={split: len(graph.split(split)) for split in SPLITS},
        kinds=dict(kinds.most_common()),
        pictures=sum(map(len, graph.pictures())),
        coverage=_coverage(graph),
        relation_table=_relation_table(graph),
    )


def _coverage(graph: KnowledgeGraph) -> dict[str, int]:
    has = Counter(
        (bool(pictures), text is not None)
        for pictures, text in zip(graph.pictures(), graph.descriptions(), strict=True)
    )
    return {
        "image and text": has[True, True],
        "image only": has[True, False],
        "text only": has[False, True],
        "neither": has[False, False],
    }


def _relation_table(graph: KnowledgeGraph) -> tuple[RelationSummary, ...]:
    """Return the relations, those with most train triples first."""
    number = len(graph.relations)
    counts = [np.bincount(graph.split(split)[:, 1], minlength=number) for split in SPLITS]
    classes = relation_classes(graph.train, number)
    order = np.argsort(-counts[0], kind="stable").tolist()
    return tuple(
        RelationSummary(graph.relations[row], classes[row], *(int(count[row]) for count in counts))
        for row in order
    )
