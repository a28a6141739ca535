"""Findings in the first line of a split: a fact read as a header, a header read as a fact."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mygo_cli.graph.files import Split
from mygo_cli.graph.findings import Finding, some, warning
from mygo_cli.graph.header import heads_a_column, is_plain
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.rows import TRIPLES, Row, first_row

MANY_FACTS = 20  # among fewer, a fact that stands alone is nothing odd


def check_headers(graph: KnowledgeGraph) -> Iterator[Finding]:
    """Yield the first lines that may be the other of the two, header or fact."""
    first = {split: first_row(source.path, TRIPLES) for split, source in graph.sources.items()}
    rows: dict[Split, Row] = {split: row for split, row in first.items() if row is not None}
    for split, (line, cells) in rows.items():
        order = TRIPLES.order(cells)
        path = graph.sources[split].path
        if order is None:
            if _may_be_header(graph, split, rows):
                message = f"looks like a header and is read as a fact: {some(cells)}."
                yield warning(path, line, message, _without_line(path, line))
        elif not is_plain(cells):
            known = _known_elsewhere(graph, [cells[place] for place in order if place is not None])
            if known:
                message = f"read as a header, and other lines are about {some(known)}."
                way_out = "If it is a fact, write a line above it: head, relation, tail."
                yield warning(path, line, message, way_out)


def _without_line(path: Path, line: int) -> str:
    renaming = "call its columns head, relation and tail"
    if path.suffix == ".gz":
        return f"Unpack the file, and delete the line or {renaming}."
    return f"Delete it: sed -i.bak {line}d {shlex.quote(str(path))}; or {renaming}."


def _known_elsewhere(graph: KnowledgeGraph, fact: list[str]) -> list[str]:
    """Return the parts of a header line that would be no strangers to the graph as a fact."""
    head, relation, tail = fact
    known = [entity for entity in (head, tail) if entity in graph.entity_row]
    return known + [relation] * (relation in graph.relation_row)


def _may_be_header(graph: KnowledgeGraph, split: Split, rows: Mapping[Split, Row]) -> bool:
    """Say whether the first line of a split, read as a fact, has the marks of a header.

    Nothing else is about its entities or has its relation; and it has a word of headers, or
    several files begin with it, or no other of many facts stands as alone.
    """
    line, cells = rows[split]
    source = graph.sources[split]
    if not len(source.line) or source.line[0] != line:
        return False
    alone = _alone(graph)
    first = graph.fact_keys(graph.split(split)[:1])
    if len(alone) < 2 or not alone[np.isin(graph.fact_keys(graph.all_triples()), first)].all():
        return False
    repeated = Counter(tuple(row) for _, row in rows.values())[tuple(cells)] > 1
    only = len(alone) >= MANY_FACTS and int(alone.sum()) == 1
    return only or repeated or heads_a_column(cells, TRIPLES.header)


def _alone(graph: KnowledgeGraph) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which facts share neither an entity nor their relation with another, bool (T,)."""
    facts = graph.all_triples()
    entities = np.bincount(facts[:, (0, 2)].ravel(), minlength=len(graph.entities))
    relations = np.bincount(facts[:, 1], minlength=len(graph.relations))
    uses = entities[facts[:, 0]] + entities[facts[:, 2]] + relations[facts[:, 1]]
    return np.asarray(uses == 3)
