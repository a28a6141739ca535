"""An entity's pictures and descriptions, as the folder holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mygo_cli.graph.files import find_files
from mygo_cli.graph.looks import Spellings
from mygo_cli.graph.picture_files import (
    OTHER_ENDINGS,
    UNFINISHED,
    in_natural_order,
    is_picture,
    listing,
)
from mygo_cli.graph.rows import DESCRIPTIONS, OnFault, read_rows, stop


@dataclass(frozen=True)
class PictureList:
    """What `images/` holds.

    `pictures` are, for each entity, posix paths relative to `images/` in natural order (2 before
    10). `unmatched` are folders that no entity is called, `loose` pictures that lie in no folder,
    `unreadable` paths with the reason, `shared` folders with the entities that claim them,
    `deeper` the folders inside those of entities, and `passed_over` files of entities that people
    take for pictures and nothing here reads.
    """

    pictures: tuple[tuple[str, ...], ...]
    unmatched: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    shared: tuple[tuple[str, tuple[str, ...]], ...] = ()
    deeper: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()


def folder_name(entity: str) -> str:
    """Return what an entity's folder is called: its id, each slash replaced by an underscore."""
    return entity.replace("/", "_")


def list_pictures(images: Path, entities: Sequence[str]) -> PictureList:
    """Return the pictures under `images`, which may be missing. Decodes no picture.

    A file is one by the ending of its name, else by its first bytes. Hidden files, sub-folders and
    whatever is no file are left out. Of two entities with the same
    folder the one whose id is the folder's name has the pictures, else the first. A folder that no
    entity is called belongs to the only one whose folder would look the same.
    """
    claims: dict[str, list[int]] = {}
    for row, entity in enumerate(entities):
        claims.setdefault(folder_name(entity), []).append(row)
    spellings = Spellings(claims)
    pictures: list[tuple[str, ...]] = [()] * len(entities)
    unmatched, loose, shared = [], [], []
    deeper: list[str] = []
    passed_over: list[str] = []
    unreadable: list[tuple[str, str]] = []
    for name, is_folder in listing(images, "", unreadable):
        claimed = spellings.find(name) if is_folder else None
        if claimed is None:
            if not name.startswith("."):
                if is_folder:
                    unmatched.append(name)
                elif is_picture(images / name):
                    loose.append(name)
            continue
        rows = claims[claimed]
        owner = next((row for row in rows if entities[row] == claimed), rows[0])
        pictures[owner] += tuple(_pictures_in(images, name, unreadable, deeper, passed_over))
        if len(rows) > 1:
            shared.append((name, tuple(entities[row] for row in rows)))
    return PictureList(
        tuple(pictures),
        tuple(unmatched),
        tuple(loose),
        tuple(unreadable),
        tuple(shared),
        tuple(deeper),
        tuple(passed_over),
    )


def _pictures_in(
    images: Path,
    folder: str,
    unreadable: list[tuple[str, str]],
    deeper: list[str],
    passed_over: list[str],
) -> list[str]:
    names = []
    for name, is_folder in listing(images, folder, unreadable):
        if name.startswith("."):
            continue
        if is_folder:
            deeper.append(f"{folder}/{name}")
        elif is_picture(images / folder / name):
            names.append(name)
        elif name.lower().endswith((*OTHER_ENDINGS, UNFINISHED)):
            passed_over.append(f"{folder}/{name}")
    return [f"{folder}/{name}" for name in in_natural_order(names)]


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

    A name that no entity has is taken for the only one that looks the same. Raises `DataError`
    for a file that cannot be read, unless `on_fault` collects it.
    """
    path = find_files(folder).descriptions
    parts: list[list[str]] = [[] for _ in entity_row]
    unknown: dict[str, int] = {}
    if path is None:
        return Descriptions(None, (None,) * len(parts), unknown)
    spellings = Spellings(entity_row)
    for line, (name, text) in read_rows(path, DESCRIPTIONS, on_fault):
        entity = spellings.find(name)
        if entity is None:
            unknown.setdefault(name, line)
        elif text:
            parts[entity_row[entity]].append(text)
    return Descriptions(path, tuple(" ".join(part) or None for part in parts), unknown)
