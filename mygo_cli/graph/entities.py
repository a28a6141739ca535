"""entities.tsv: ids in order, each with its display name and kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mygo_cli.graph.faults import FileFault, OnFault
from mygo_cli.graph.rows import ENTITIES, read_rows


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
