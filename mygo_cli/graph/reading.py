"""From a dataset folder to a graph: its entity list, then its splits."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mygo_cli.graph.files import SPLITS, Split, find_files
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.rows import ENTITIES, FileFault, OnFault, read_rows, stop
from mygo_cli.graph.triples import NO_TRIPLES, Rows, Source, Triples, read_split


@dataclass
class EntityList:
    """The lines of entities.tsv: `rows` numbers the ids, the others are aligned with them."""

    rows: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)


def read_entities(path: Path, on_fault: OnFault) -> EntityList:
    """Return the entities of a file; an entity without a display name goes by its id."""
    found = EntityList()
    first_line: dict[str, int] = {}
    for line, (entity, name, kind) in read_rows(path, ENTITIES, on_fault):
        if entity in found.rows:
            message = f"the entity {entity} stands on line {first_line[entity]} already."
            on_fault(FileFault(path, line, message, "Delete one of the two lines."))
            continue
        first_line[entity] = line
        found.rows[entity] = len(found.rows)
        found.names.append(name or entity)
        found.kinds.append(kind)
    return found


def read_graph(folder: str | Path, on_fault: OnFault = stop) -> KnowledgeGraph:
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


def as_graph(graph: KnowledgeGraph | str | Path) -> KnowledgeGraph:
    """Return a graph as it is, or that of a dataset folder; raises as `read_graph`."""
    return graph if isinstance(graph, KnowledgeGraph) else read_graph(graph)
