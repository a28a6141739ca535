"""A dataset folder to a `KnowledgeGraph`."""

from __future__ import annotations

from pathlib import Path

from mygo_cli.graph.entities import EntityList, read_entities
from mygo_cli.graph.faults import OnFault, stop
from mygo_cli.graph.files import SPLITS, Split, find_files
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import NO_TRIPLES, Rows, Source, Triples, read_split


def read_graph(folder: Path, on_fault: OnFault = stop) -> KnowledgeGraph:
    """Return the graph of a dataset folder (docs/data.md).

    Raises `DataError`, one line with file and line number, for whatever cannot be read. With
    another `on_fault` bad lines go there and are left out.
    """
    folder = Path(folder)
    files = find_files(folder)
    listed = read_entities(files.entities, on_fault) if files.entities else EntityList()
    rows = Rows(listed.rows, {}, files.entities)
    triples: dict[Split, Triples] = {}
    sources: dict[Split, Source] = {}
    for split in SPLITS:
        path: Path | None = getattr(files, split)
        triples[split] = NO_TRIPLES.copy()
        if path is not None:
            triples[split], sources[split] = read_split(path, rows, on_fault)
    entities = tuple(rows.entities)
    return KnowledgeGraph(
        name=folder.resolve().name or "graph",
        folder=folder,
        entities=entities,
        relations=tuple(rows.relations),
        names=tuple(listed.names) or entities,
        kinds=tuple(listed.kinds) or ("",) * len(entities),
        **triples,
        sources=sources,
    )
