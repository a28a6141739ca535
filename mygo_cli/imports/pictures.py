"""Pictures that lie elsewhere, linked or copied into the folders of a dataset's entities."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from mygo_cli.errors import DataError
from mygo_cli.files import atomic_write
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.media import folder_name
from mygo_cli.graph.picture_files import PICTURE_ENDINGS, is_picture


def place_pictures(
    graph: KnowledgeGraph, keys: Mapping[str, Sequence[str]], source: Path, copy: bool = False
) -> tuple[int, int]:
    """Put the pictures of `source` into `images/<entity>/`; return how many, of how many entities.

    The pictures of a key are the folder `source/<key>/` or the files `source/<key>.png` and the
    like. An entity without a key is looked up by its id, `/m/xyz` also as `m.xyz`. They are linked
    unless `copy`. Raises `DataError` where nothing fits or the folder cannot be written.
    """
    stems = _by_stem(source)
    count = covered = 0
    try:
        for entity in graph.entities:
            wanted = keys.get(entity) or _names_of(entity)
            found = [(key, path) for key in wanted for path in _pictures(source, key, stems)]
            several = len({key for key, _ in found}) > 1
            for key, path in found:
                name = f"{key}-{path.name}" if several else path.name
                _place(path, graph.images / folder_name(entity) / name, copy)
            count += len(found)
            covered += bool(found)
    except OSError as error:
        where = error.filename2 or error.filename or graph.images
        way_out = "" if copy else "If it takes no links: --copy"
        raise DataError(f"{where} cannot be written: {error.strerror}.", way_out) from error
    if not count:
        raise DataError(
            f"{source} holds no picture of any entity.",
            "Expected are folders or files named by the keys of the index.",
        )
    return count, covered


def _names_of(entity: str) -> list[str]:
    """Return what the folder of an entity without a key may be called."""
    return list(dict.fromkeys([folder_name(entity), entity.lstrip("/").replace("/", ".")]))


def _by_stem(source: Path) -> dict[str, list[str]]:
    """Return the names of the picture files in a folder by their name without its ending.

    What is no usual ending may be a part of the name as well, as in `Q42.1`.
    """
    try:
        names = sorted(os.listdir(source))
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}.") from error
    stems: dict[str, list[str]] = {}
    for name in names:
        stem, ending = os.path.splitext(name)
        if is_picture(source / name):
            for key in {stem} if ending.lower() in PICTURE_ENDINGS else {stem, name}:
                stems.setdefault(key, []).append(name)
    return stems


def _pictures(source: Path, key: str, stems: Mapping[str, Sequence[str]]) -> list[Path]:
    """Return the pictures of one key."""
    folder = source / key
    if key not in ("", ".", "..") and "/" not in key and folder.is_dir():
        names = [name for name in sorted(os.listdir(folder)) if not name.startswith(".")]
        return [folder / name for name in names if is_picture(folder / name)]
    return [source / name for name in stems.get(key, ())]


def _place(picture: Path, target: Path, copy: bool) -> None:
    """Link or copy a picture, unless it is there. A copy takes the place of a link."""
    if target.exists() and not (copy and target.is_symlink()):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)  # a link, to a picture that is gone or about to be copied
    if copy:
        with picture.open("rb") as source, atomic_write(target) as file:
            shutil.copyfileobj(source, file)
    else:
        target.symlink_to(picture.resolve())
