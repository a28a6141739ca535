"""Which questions to ask: those that the graph answers, or all of a relation or an entity."""

from __future__ import annotations

from typing import Literal

import torch

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.model.queries import Queries, ask

Side = Literal["head", "tail", "both"]


def seen_questions(
    graph: KnowledgeGraph,
    relation: int | None = None,
    entity: int | None = None,
    side: Side = "both",
) -> Queries:
    """Return the distinct questions to which the graph holds an answer, those for tails first.

    `relation` and `entity` are rows of the graph, None for all; `side` is the one that is missing.
    """
    questions = ask(graph.all_triples())
    wanted = torch.ones(len(questions), dtype=torch.bool)
    if relation is not None:
        wanted &= questions.relation == relation
    if entity is not None:
        wanted &= questions.entity == entity
    if side != "both":
        wanted &= questions.predict_head == (side == "head")
    return questions.queries.at(wanted.nonzero()[:, 0])


def all_questions(
    graph: KnowledgeGraph,
    relation: int | None = None,
    entity: int | None = None,
    side: Side = "both",
) -> Queries:
    """Return the questions of each entity with each relation, whether the graph answers them."""
    entities = _rows(entity, len(graph.entities))
    relations = _rows(relation, len(graph.relations))
    sides = {"tail": [False], "head": [True], "both": [False, True]}[side]
    table = torch.cartesian_prod(torch.tensor(sides).long(), relations, entities)
    return Queries(table[:, 2], table[:, 1], table[:, 0].bool())


def _rows(chosen: int | None, count: int) -> torch.Tensor:
    return torch.arange(count) if chosen is None else torch.tensor([chosen])
