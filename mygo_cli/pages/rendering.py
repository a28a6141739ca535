"""A template filled in, with every name escaped, and pictures small enough to stand in the page."""

from __future__ import annotations

import base64
import io
from functools import cache
from typing import TYPE_CHECKING, Any

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.pictures import BadPicture, quiet_pillow, read_picture

if TYPE_CHECKING:
    from jinja2 import Environment
    from PIL import Image

SIDE = 96  # pixels of a thumbnail's longer side, shown at half of it on a sharp screen


def render(template: str, **content: Any) -> str:
    """Return a page of `pages/templates/` with this content; an unknown name in it raises."""
    return environment().get_template(template).render(**content)


@cache
def environment(*more: str) -> Environment:
    """Return what fills in the templates of `pages/templates/`, and of `more` folders."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    folders = ("pages/templates", *more)
    made = Environment(
        loader=ChoiceLoader([PackageLoader("mygo_cli", folder) for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = number
    return made


def number(value: object) -> str:
    """Return a cell: whole numbers with commas, others with three digits, None as a dash."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def data_uri(picture: Image.Image) -> str:
    """Return a picture as an address that holds it whole."""
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


class Thumbnails:
    """The first picture of each entity that has one that can be read, each made once."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._made: dict[int, str | None] = {}

    def of(self, row: int) -> str | None:
        """Return the address of an entity's picture, None where there is none to show."""
        if row not in self._made:
            self._made[row] = next(filter(None, map(self._read, self._graph.pictures()[row])), None)
        return self._made[row]

    def _read(self, key: str) -> str | None:
        try:
            with quiet_pillow():
                picture = read_picture(self._graph.images / key)
        except BadPicture:
            return None
        picture.thumbnail((SIDE, SIDE))
        return data_uri(picture)
