"""descriptions.tsv: what is said of each entity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mygo_cli.graph.faults import OnFault, stop
from mygo_cli.graph.files import find_files
from mygo_cli.graph.rows import DESCRIPTIONS, read_rows


@dataclass(frozen=True)
class Descriptions:
    """The texts of all entities, None where there is none, and who was described in vain.

    `path` is None without a file; `unknown` maps each described name that is no entity to its
    first line.
    """

    path: Path | None
    texts: tuple[str | None, ...]
    unknown: Mapping[str, int]


def read_descriptions(
    folder: Path, entity_row: Mapping[str, int], on_fault: OnFault = stop
) -> Descriptions:
    """Return the description of each entity, several lines joined by a space.

    Raises `DataError` for a file that cannot be read, unless `on_fault` collects it.
    """
    path = find_files(folder).descriptions
    parts: list[list[str]] = [[] for _ in entity_row]
    unknown: dict[str, int] = {}
    if path is None:
        return Descriptions(None, (None,) * len(parts), unknown)
    for line, (entity, text) in read_rows(path, DESCRIPTIONS, on_fault):
        row = entity_row.get(entity)
        if row is None:
            unknown.setdefault(entity, line)
        elif text:
            parts[row].append(text)
    return Descriptions(path, tuple(" ".join(part) or None for part in parts), unknown)
