"""From a dataset folder to a graph: its entity list, then its splits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from mygo_cli.files import expanded
from mygo_cli.graph.files import SPLITS, GraphFiles, Split, find_files
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.rows import ENTITIES, TRIPLES, OnFault, first_row, read_rows, stop
from mygo_cli.graph.text_files import FileFault
from mygo_cli.graph.triples import NO_TRIPLES, Rows, Source, Triples, read_split


@dataclass
class EntityList:
    """The lines of entities.tsv: `rows` numbers the ids, the others are aligned with them."""

    rows: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)


def read_entities(path: Path, on_fault: OnFault, has_header: bool = True) -> EntityList:
    """Return the entities of a file; an entity without a display name goes by its id.

    `has_header` says whether a first line of header words is left out.
    """
    found = EntityList()
    first_line: dict[str, int] = {}
    layout = ENTITIES if has_header else replace(ENTITIES, header=())
    for line, (entity, name, kind) in read_rows(path, layout, on_fault):
        if entity in found.rows:
            message = f"the entity {entity} stands on line {first_line[entity]} already."
            on_fault(FileFault(path, line, message, "Delete one of the two lines."))
            continue
        first_line[entity] = line
        found.rows[entity] = len(found.rows)
        found.names.append(name or entity)
        found.kinds.append(kind)
    return found


def _listed(files: GraphFiles, on_fault: OnFault) -> EntityList:
    """Return the entities that a folder lists, none without such a file.

    A first line with the one word `entity` may be a header or an entity of that name: it is one
    where a triple speaks of it.
    """
    if files.entities is None:
        return EntityList()
    found = read_entities(files.entities, on_fault)
    _, cells = first_row(files.entities, ENTITIES) or (0, [])
    is_lone_word = len(cells) == 1 and ENTITIES.order(cells) is not None
    if is_lone_word and cells[0] not in found.rows and _is_spoken_of(cells[0], files):
        return read_entities(files.entities, _ignore, has_header=False)
    return found


def _is_spoken_of(entity: str, files: GraphFiles) -> bool:
    """Say whether a triple of any split has this entity."""
    paths = [path for path in (files.train, files.valid, files.test) if path]
    rows = (cells for path in paths for _, cells in read_rows(path, TRIPLES, _ignore))
    return any(entity in (head, tail) for head, _, tail in rows)


def _ignore(_: FileFault) -> None:
    """Leave a bad line out; it is reported when its file is read for good."""


def read_graph(folder: str | Path, on_fault: OnFault = stop) -> KnowledgeGraph:
    """Return the graph of a dataset folder (docs/data.md).

    Raises `DataError`, one line with file and line number, for whatever cannot be read. With
    another `on_fault` bad lines go there and are left out.
    """
    folder = expanded(folder)
    files = find_files(folder)
    listed = _listed(files, on_fault)
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
