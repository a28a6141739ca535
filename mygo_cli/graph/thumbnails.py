"""Pictures of entities small enough to stand in a page: each an address that holds it whole."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING

from mygo_cli.graph.knowledge_graph import KnowledgeGraph

if TYPE_CHECKING:
    from PIL import Image

SIDE = 96  # pixels of a thumbnail's longer side, shown at half of it on a sharp screen
QUALITY = 85  # of JPEG: some kB a thumbnail


def data_uri(picture: Image.Image) -> str:
    """Return a picture as an address that holds it whole."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg(picture)).decode()}"


def jpeg(picture: Image.Image) -> bytes:
    """Return a picture as the bytes of a JPEG file."""
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=QUALITY)
    return buffer.getvalue()


class Thumbnails:
    """The first picture of each entity that has one that can be read, each made once.

    With `most`, no more than so many are made: those of later entities are left out.
    """

    def __init__(self, graph: KnowledgeGraph, most: int | None = None) -> None:
        self._graph = graph
        self._most = most
        self._made: dict[int, str | None] = {}

    def of(self, row: int) -> str | None:
        """Return the address of an entity's picture, None where there is none to show."""
        if row not in self._made:
            if self._most is not None and len(self._made) >= self._most:
                return None
            picture = first_copy(self._graph, row)
            self._made[row] = None if picture is None else data_uri(picture)
        return self._made[row]

    def of_entity(self, entity: str) -> str | None:
        """Return the address of the picture of an id, None for one that the graph has not."""
        row = self._graph.entity_row.get(entity)
        return None if row is None else self.of(row)


def thumbnail_of(path: Path) -> str | None:
    """Return the address of a small copy of a picture file, None for one that cannot be read."""
    picture = small_copy(path)
    return None if picture is None else data_uri(picture)


def first_copy(graph: KnowledgeGraph, row: int) -> Image.Image | None:
    """Return a small copy of an entity's first picture that can be read, None without one."""
    copies = (small_copy(graph.images / key) for key in graph.pictures()[row])
    return next(filter(None, copies), None)


def small_copy(path: Path) -> Image.Image | None:
    """Return a small copy of a picture file, None for one that cannot be read."""
    from mygo_cli.graph.pictures import BadPicture, quiet_pillow, read_picture

    try:
        with quiet_pillow():
            picture = read_picture(path)
    except BadPicture:
        return None
    picture.thumbnail((SIDE, SIDE))
    return picture
