"""Whose a picture is: a table names it, or its folder or itself is called like an entity."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mygo_cli.errors import DataError
from mygo_cli.graph.media import folder_name
from mygo_cli.graph.picture_files import PICTURE_ENDINGS
from mygo_cli.imports.table_graph import Gathered

# What follows a name where there are several pictures: x_2, x-02, x (2), x_b.
NUMBERED = re.compile(r"(.+?)[ _.\-]*(?:\(\d+\)|[ _.\-](?:\d+|[a-z]))", re.IGNORECASE)
DRAWING = ".svg"
LONGEST_NAME = 255  # bytes, of a file or folder


Names = dict[str, str | None]  # what an entity is called to the entity; None where two are


class Owners:
    """Entities by what their pictures may be called: ids before names, exactly before loosely."""

    def __init__(self, found: Gathered) -> None:
        ids = [(each, each) for each in found.entities]
        folders = [(folder_name(each), each) for each in found.entities]
        names = [(name, each) for each, name in found.names.items()]
        names += [(key, each) for each, keys in found.keys.items() for key in keys]
        names += [(folder_name(name), each) for name, each in names]
        kinds = (ids, folders, names)
        self._exact = [_by_name(kind) for kind in kinds]
        self._loose = [_by_name((_loosely(key), each) for key, each in kind) for kind in kinds]

    def of(self, name: str) -> str | None:
        """Return the entity that a file or folder is called after, None if there is none."""
        found = [names.get(name) for names in self._exact]
        found += [names.get(_loosely(name)) for names in self._loose]
        return next((entity for entity in found if entity is not None), None)

    def of_file(self, stem: str) -> str | None:
        """Return the same of a file, which may be one of several: `chair_2` of `chair`."""
        numbered = NUMBERED.fullmatch(stem)
        return self.of(stem) or (self.of(numbered[1]) if numbered else None)


def _by_name(pairs: Iterable[tuple[str, str]]) -> Names:
    found: Names = {}
    for name, entity in pairs:
        if found.setdefault(name, entity) != entity:
            found[name] = None
    return found


def find_pictures(found: Gathered, images: Path | None) -> dict[str, list[Path]]:
    """Return the picture files of each entity; what belongs to nobody goes to `found.left_out`.

    Files that a table names are looked up beside the table and in `images`. Everything else in
    `images` belongs to the entity whose id or display name its folder has, or the file itself.
    Raises `DataError` where `images` is no folder.
    """
    if images is not None and not images.is_dir():
        raise DataError(f"{images}: no such folder.", "Name the one with the pictures: --images")
    files = list(_picture_files(images, found)) if images is not None else []
    pictures: dict[str, list[Path]] = {}
    owners = Owners(found)
    named = _named_in_tables(found, files, owners, pictures)
    for path in files:
        if path.resolve() in named:
            continue
        owner = owners.of(path.parent.name) if path.parent != images else None
        owner = owner or owners.of_file(path.stem)
        if owner is None:
            found.left_out.add("picture that belongs to nobody", _shown(path))
        else:
            pictures.setdefault(owner, []).append(path)
    return _without_shared_folders(pictures, found)


def _named_in_tables(
    found: Gathered, files: Sequence[Path], owners: Owners, pictures: dict[str, list[Path]]
) -> set[Path]:
    """Put the files that tables name to their entities and return them, resolved."""
    by_name: dict[str, list[Path]] = {}
    for file in files:
        for name in (file.name, file.stem):
            by_name.setdefault(_loosely(name), []).append(file)
    named: set[Path] = set()
    for entity, cells in found.pictures.items():
        for folder, cell in cells:
            meant = _files_of(cell, folder, by_name)
            path = next(iter(meant), None)
            if len(meant) > 1:  # such as 1.png of each item's folder
                own = [each for each in meant if owners.of(each.parent.name) == entity]
                path = own[0] if len(own) == 1 else None
            if path is None:
                what = "that several files are called" if meant else "and not found"
                found.left_out.add(f"picture named in a table {what}", f"{entity}: {cell}")
            elif path.suffix.lower() == DRAWING:
                found.left_out.add("SVG drawing, which mygo does not read", _shown(path))
            elif path not in pictures.setdefault(entity, []):
                pictures[entity].append(path)
                named.add(path.resolve())
    return named


def _files_of(cell: str, folder: Path, by_name: Mapping[str, Sequence[Path]]) -> Sequence[Path]:
    """Return the files that a cell may mean: a path, a bare name, or the end of an address."""
    address = "://" in cell
    plain = (cell.partition("?")[0] if address else cell).replace("\\", "/")
    called = by_name.get(_loosely(plain.rpartition("/")[2]), ())
    whole = [path for path in called if f"/{path.as_posix()}".endswith(f"/{plain}")]
    if not whole and not address and (folder / plain).is_file():
        return [folder / plain]
    return whole or called


def _picture_files(images: Path, found: Gathered) -> Iterator[Path]:
    """Yield the pictures in a folder and those below it, in order; hidden ones are left out."""
    seen = {os.path.realpath(images)}  # a link may lead to a folder above itself
    for folder, below, names in os.walk(images, followlinks=True):
        inner = {name: os.path.realpath(os.path.join(folder, name)) for name in sorted(below)}
        below[:] = [x for x, real in inner.items() if not x.startswith(".") and real not in seen]
        seen.update(inner.values())
        for name in sorted(names):
            path = Path(folder) / name
            if name.startswith(".") or not path.is_file():
                continue
            if not name.lower().endswith(PICTURE_ENDINGS):
                found.left_out.add("file among the pictures that is none", _shown(path))
            elif path.suffix.lower() == DRAWING:
                found.left_out.add("SVG drawing, which mygo does not read", _shown(path))
            else:
                yield path


def _without_shared_folders(
    pictures: dict[str, list[Path]], found: Gathered
) -> dict[str, list[Path]]:
    """Leave out pictures of an entity whose folder would be another's: `a/b` beside `a_b`.

    And of one whose name no file system takes.
    """
    claimed: dict[str, str] = {}
    for entity in found.entities:
        name = folder_name(entity)
        if name == entity or name not in claimed:
            claimed[name] = entity
    for entity in list(pictures):
        name = folder_name(entity)
        why = "is another's" if claimed[name] != entity or name in (".", "..") else ""
        if len(os.fsencode(name)) > LONGEST_NAME:
            why = "would have too long a name"
        if why:
            count = len(pictures.pop(entity))
            found.left_out.add(f"picture of an entity whose folder {why}", entity, count)
    return pictures


def _shown(path: Path) -> str:
    """Return a path as text, also one that is not UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _loosely(name: str) -> str:
    """Return a name in small letters, blanks and hyphens as underscores, accents composed."""
    composed = unicodedata.normalize("NFC", name).casefold()
    return re.sub(r"[\s_\-]+", "_", composed)
