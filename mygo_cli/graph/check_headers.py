"""Findings in the first line of a split: a fact read as a header, a header read as a fact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from mygo_cli.graph.files import Split
from mygo_cli.graph.findings import Finding, some, warning
from mygo_cli.graph.header import heads_a_column, is_plain
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.rows import TRIPLES, Row, first_row


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
                way_out = "Call its columns head, relation and tail, or delete the line."
                yield warning(path, line, message, way_out)
        elif not is_plain(cells):
            known = _known_elsewhere(graph, [cells[place] for place in order if place is not None])
            if known:
                message = f"read as a header, and other lines are about {some(known)}."
                way_out = "If it is a fact, write a line above it: head, relation, tail."
                yield warning(path, line, message, way_out)


def _known_elsewhere(graph: KnowledgeGraph, fact: list[str]) -> list[str]:
    """Return the parts of a header line that would be no strangers to the graph as a fact."""
    head, relation, tail = fact
    known = [entity for entity in (head, tail) if entity in graph.entity_row]
    return known + [relation] * (relation in graph.relation_row)


def _may_be_header(graph: KnowledgeGraph, split: Split, rows: Mapping[Split, Row]) -> bool:
    """Say whether the first line of a split, read as a fact, has the marks of a header.

    Nothing else is about its entities or has its relation; and it has a word of headers, or
    several files begin with it.
    """
    line, cells = rows[split]
    source = graph.sources[split]
    if not len(source.line) or source.line[0] != line:
        return False
    head, relation, tail = graph.split(split)[0].tolist()
    facts = graph.all_triples()
    entities = facts[:, (0, 2)]
    uses = [(entities == head).sum(), (facts[:, 1] == relation).sum(), (entities == tail).sum()]
    alone = bool(np.all(np.array(uses) == 1))
    repeated = Counter(tuple(row) for _, row in rows.values())[tuple(cells)] > 1
    return alone and len(facts) > 1 and (heads_a_column(cells, TRIPLES.header) or repeated)
