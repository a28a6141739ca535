"""Findings in descriptions and pictures: what is missing, fits nobody or cannot be opened."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mygo_cli.graph.findings import Finding, counted, note, reading_again, some, warning
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.media import PictureList
from mygo_cli.graph.picture_files import PICTURE_ENDINGS, UNFINISHED, holds_picture
from mygo_cli.progress import Progress

# Pictures in flight at once: each holds one decoded picture in memory.
THREADS = min(4, os.cpu_count() or 1)
BATCH = 64


def check_descriptions(graph: KnowledgeGraph) -> Iterator[Finding]:
    """Yield what is wrong with the descriptions; raises `DataError` for an unreadable file."""
    found = graph.description_file
    if found.path is None:
        yield note(graph.folder, "no descriptions file: an entity is described by its name.")
        return
    if found.unknown:
        line = next(iter(found.unknown.values()))
        message = (
            f"{counted(len(found.unknown), 'name')} that no entity has: {some(found.unknown)}."
        )
        yield warning(found.path, line, message, "Correct or delete these lines.")
    described = sum(text is not None for text in found.texts)
    if described < len(found.texts):
        message = f"{described:,} of {len(found.texts):,} entities have a description."
        yield note(found.path, message)


def check_folders(graph: KnowledgeGraph) -> Iterator[Finding]:
    """Yield what is wrong with the folders of pictures. Opens no picture."""
    found = graph.picture_list
    if not graph.images.is_dir():
        yield from _pictures_elsewhere(graph)
        return
    for path, reason in found.unreadable:
        yield warning(graph.images / path, None, f"cannot be read: {reason}.")
    if found.unmatched:
        folders = counted(len(found.unmatched), "folder")
        message = f"{folders} named for no entity: {some(found.unmatched)}."
        way_out = f"Rename each to the id of its entity ('/' becomes '_'); or {_by_names(graph)}"
        yield warning(graph.images, None, message, way_out)
    if found.loose:
        message = f"{counted(len(found.loose), 'picture')} in no folder: {some(found.loose)}."
        way_out = f"Put each into a folder with the id of its entity; or {_by_names(graph)}"
        yield warning(graph.images, None, message, way_out)
    for folder, entities in found.shared:
        message = f"claimed by {counted(len(entities), 'entity', 'entities')}: {some(entities)}."
        way_out = "Rename all but one: their ids differ only in '/' and '_'."
        yield warning(graph.images / folder, None, message, way_out)
    if found.passed_over:
        kinds = sorted({Path(path).suffix.lower() for path in found.passed_over})
        message = (
            f"{counted(len(found.passed_over), 'file')} of a kind that is not read "
            f"({', '.join(kinds)}): {some(found.passed_over)}."
        )
        yield warning(graph.images, None, message, _converting(graph.images, kinds))
    yield from _unusual(graph.images, found)
    shown = sum(bool(pictures) for pictures in found.pictures)
    if shown < len(found.pictures):
        message = f"{shown:,} of {len(found.pictures):,} entities have a picture."
        yield note(graph.images, message)


def _pictures_elsewhere(graph: KnowledgeGraph) -> Iterator[Finding]:
    """Yield that there is no `images/`, and where the pictures may lie instead."""
    for folder in sorted(path for path in graph.folder.iterdir() if path.is_dir()):
        if not folder.name.startswith(".") and holds_picture(folder):
            move = shlex.join(["mv", str(folder), str(graph.images)])
            way_out = f"Call the folder images: {move}"
            yield warning(folder, None, "holds pictures, and is not read.", way_out)
            return
    yield note(graph.images, "no such folder, so no entity has a picture.")


def _by_names(graph: KnowledgeGraph) -> str:
    """Return the command that finds whose each picture is."""
    return reading_again(graph.folder, [source.path for source in graph.sources.values()])


def _converting(images: Path, kinds: Sequence[str]) -> str:
    """Return the command that converts what ImageMagick reads."""
    if set(kinds) <= {UNFINISHED}:
        return "They were not copied or downloaded to their end: do it again."
    folder = shlex.quote(str(images))
    files = " ".join(f"{folder}/*/*{kind}" for kind in kinds if kind != UNFINISHED)
    return f"Convert them to PNG, as ImageMagick does: mogrify -format png {files}"


def _unusual(images: Path, found: PictureList) -> Iterator[Finding]:
    """Yield the pictures that lie too deep, and those that are not named as pictures are."""
    deep = [folder for folder in found.deeper if holds_picture(images / folder)]
    if deep:
        folders = counted(len(deep), "folder")
        message = f"{folders} inside an entity's folder, whose pictures are not read: {some(deep)}."
        yield warning(images, None, message, "Move the pictures up into the entity's folder.")
    paths = [path for pictures in found.pictures for path in pictures]
    unnamed = [path for path in paths if not path.lower().endswith(PICTURE_ENDINGS)]
    if unnamed:
        message = f"{counted(len(unnamed), 'picture')} known by content, not by name: "
        yield note(images, f"{message}{some(unnamed, 8)}.")


def check_pictures(graph: KnowledgeGraph, progress: Progress) -> Iterator[Finding]:
    """Yield the pictures that cannot be opened. Decodes each one, a few at a time."""
    paths = [path for pictures in graph.pictures() for path in pictures]
    drawings = [path for path in paths if path.lower().endswith(".svg")]
    if drawings:
        message = (
            f"{counted(len(drawings), 'SVG drawing')}, which cannot be read: {some(drawings)}."
        )
        yield warning(graph.images, None, message, _converting(graph.images, [".svg"]))
    rasters = [path for path in paths if not path.lower().endswith(".svg")]
    way_out = "Replace or delete it: it will have no tokens."
    for path, reason in broken_pictures(graph.images, rasters, progress):
        yield warning(graph.images / path, None, f"{reason}.", way_out)


def broken_pictures(
    images: Path, paths: Sequence[str], progress: Progress
) -> Iterator[tuple[str, str]]:
    """Yield (path, reason) of the pictures that do not decode to the end, in order."""
    from mygo_cli.graph.pictures import quiet_pillow

    with ThreadPoolExecutor(THREADS) as pool, quiet_pillow():
        for start in range(0, len(paths), BATCH):
            batch = paths[start : start + BATCH]
            reasons = list(pool.map(_why_broken, (images / path for path in batch)))
            yield from ((path, why) for path, why in zip(batch, reasons, strict=True) if why)
            progress("pictures", start + len(batch), len(paths))


def _why_broken(path: Path) -> str:
    """Return why mygo tokenize would refuse a picture, '' if it would not."""
    from mygo_cli.graph.pictures import BadPicture, read_picture

    try:
        read_picture(path)
    except BadPicture as error:
        return str(error)
    return ""
