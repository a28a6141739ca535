"""What a completion asks: what the graph answers, what is blank, or all of a relation or entity."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import torch

from mygo_cli.completion.completion import known_facts_sha256
from mygo_cli.completion.schema import Schema, Stated
from mygo_cli.completion.schema_file import read_schema
from mygo_cli.completion.search import Rules
from mygo_cli.errors import DataError, UsageError, at_least_one, check_choice
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
    return chosen(ask(graph.all_triples()).queries, relation, entity, side)


def chosen(
    queries: Queries, relation: int | None, entity: int | None, side: Side = "both"
) -> Queries:
    """Return the queries of a relation, an entity and a side, in their order."""
    wanted = torch.ones(len(queries.entity), dtype=torch.bool)
    if relation is not None:
        wanted &= queries.relation == relation
    if entity is not None:
        wanted &= queries.entity == entity
    if side != "both":
        wanted &= queries.predict_head == (side == "head")
    return queries.at(wanted.nonzero()[:, 0])


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


Pairs = Literal["seen", "all"]


@dataclass(frozen=True)
class Request:
    """The best `top` facts of a `relation` and an `entity`, ids or display names, None for all.

    `side` is the missing one to ask for; `pairs` says what to ask: what the graph holds an answer
    to, or every entity with the relation, or every relation with the entity. `unlinked` facts join
    entities that no known fact joins. `missing` asks blank cells alone (docs/completion.md), of
    which the TOML file `schema` may say more. Raises `UsageError` for all pairs of everything, and
    for options that exclude each other.
    """

    top: int = 100
    relation: str | None = None
    entity: str | None = None
    side: Side = "both"
    pairs: Pairs = "seen"
    unlinked: bool = False
    missing: bool = False
    schema: str | Path | None = None

    def __post_init__(self) -> None:
        at_least_one("top", self.top)
        check_choice("side", self.side, get_args(Side))
        check_choice("pairs", self.pairs, get_args(Pairs))
        if self.missing and self.pairs == "all":
            raise UsageError("--missing and --pairs all exclude each other.", "Leave one out.")
        if self.schema is not None and not self.missing:
            raise UsageError("--schema says what is missing.", "Give --missing with it.")
        if self.pairs == "all" and self.relation is None and self.entity is None:
            raise UsageError(
                "--pairs all asks of very many pairs.", "Name a --relation or an --entity with it."
            )

    def queries(self, graph: KnowledgeGraph, rules: Rules | None = None) -> Queries:
        """Return what to ask, those for tails first; `rules` are those of the same graph, if known.

        Raises `UsageError` for an unknown name, `DataError` where there is nothing to ask.
        """
        schema = (rules or self.rules(graph)).schema
        if schema is not None:
            queries = chosen(schema.blanks(), *self._rows(graph), self.side)
        else:
            questions = all_questions if self.pairs == "all" else seen_questions
            queries = questions(graph, *self._rows(graph), self.side)
        if not len(queries.entity):
            raise self._nothing(graph)
        return queries

    def _nothing(self, graph: KnowledgeGraph) -> DataError:
        if self.missing:
            problem = f"{graph.name} has no such blank cell that is usually filled."
            return DataError(problem, "Leave out --missing, or state more in a --schema.")
        problem = f"{graph.name} holds no fact that answers such a question."
        return DataError(problem, "Give --pairs all to ask nevertheless.")

    def rules(self, graph: KnowledgeGraph) -> Rules:
        """Return what new facts must be; raises as `read_schema`."""
        return Rules(self.unlinked, Schema(graph, self._stated(graph)) if self.missing else None)

    def _stated(self, graph: KnowledgeGraph) -> dict[int, Stated]:
        return {} if self.schema is None else read_schema(self.schema, graph)

    def _what_is_stated(self, graph: KnowledgeGraph) -> str:
        """Return what a schema says, with the kinds of a graph's entities where it names any."""
        stated = self._stated(graph)
        if all(said.domain is None and said.range is None for said in stated.values()):
            return repr(stated)
        kinds = hashlib.sha256("\n".join(graph.kinds).encode("utf-8", "backslashreplace"))
        return f"{stated!r} of kinds {kinds.hexdigest()}"

    def as_settings(self, graph: KnowledgeGraph) -> dict[str, str | int]:
        """Return what the facts depend on, besides the model, by the names that a user knows."""
        relation, entity = self._rows(graph)
        return {
            "graph": known_facts_sha256(graph),
            "--top": self.top,
            "--relation": "" if relation is None else graph.relations[relation],
            "--entity": "" if entity is None else graph.entities[entity],
            "--side": self.side,
            "--pairs": self.pairs,
            "--unlinked": self.unlinked,
            "--missing": self.missing,
            "--schema": self._what_is_stated(graph),
        }

    def _rows(self, graph: KnowledgeGraph) -> tuple[int | None, int | None]:
        return (
            None if self.relation is None else graph.find_relation(self.relation),
            None if self.entity is None else graph.find_entity(self.entity),
        )
