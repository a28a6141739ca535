"""What a person states of relations, in a small TOML file: a table for each relation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mygo_cli.completion.schema import Stated
from mygo_cli.errors import UsageError, suggest
from mygo_cli.files import expanded
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.toml import read_toml

EXAMPLE = "Write a table for each relation, as [located_in] with functional = true below it."


def read_schema(path: str | Path, graph: KnowledgeGraph) -> dict[int, Stated]:
    """Return what a file states, by the row of the relation (docs/completion.md).

    Raises `UsageError` for an unknown relation, key or kind, `DataError` for a file that cannot be
    read or is not TOML.
    """
    path = expanded(path)
    stated: dict[int, Stated] = {}
    for relation, table in read_toml(path).items():
        if not isinstance(table, Mapping):
            raise UsageError(f"{path}: {relation} stands in no table.", EXAMPLE)
        row = _relation(path, graph, relation)
        if row in stated:
            raise UsageError(f"{path}: two tables for {graph.relations[row]}.", "Keep one of them.")
        stated[row] = _stated(path, graph, relation, table)
    return stated


def _relation(path: Path, graph: KnowledgeGraph, name: str) -> int:
    try:
        return graph.find_relation(name)
    except UsageError as error:
        raise error.within(str(path)) from error


def _stated(path: Path, graph: KnowledgeGraph, relation: str, table: Mapping[str, Any]) -> Stated:
    where = f"{path}: [{relation}]"
    said = from_dict(Stated, table, where)
    for key, kinds in (("domain", said.domain), ("range", said.range)):
        if kinds is not None:
            _check_kinds(f"{where}: {key}", kinds, sorted(set(graph.kinds) - {""}), graph.name)
    return said


def _check_kinds(where: str, kinds: Iterable[Any], known: list[str], graph: str) -> None:
    """Raise `UsageError` for what is no kind of an entity."""
    if not known:
        raise UsageError(
            f"{where}: {graph} gives its entities no kinds.",
            "Add them to entities.tsv as the third column.",
        )
    for kind in kinds:
        if kind not in known:
            way_out = suggest(str(kind), known)
            raise UsageError(f"{where}: {kind} is the kind of no entity.", way_out)
