"""One answer explained on one page: pictures and words in the colours of what they did to it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import compress
from typing import Any

from mygo_cli.graph.thumbnails import Thumbnails, data_uri
from mygo_cli.pages.rendering import render
from mygo_cli.runs.explained import Explained
from mygo_cli.runs.explained_drawing import read_entities
from mygo_cli.runs.run import Run


def explain_page(run: Run, explained: Explained) -> str:
    """Return the page of an answer as HTML: what was tinted, and every loss in a table."""
    return render("explain.html", **page_content(run, explained))


def page_content(
    run: Run, explained: Explained, picture_of: Callable[[str], str | None] | None = None
) -> dict[str, Any]:
    """Return what `explain.html` shows, for those who put the page into a layout of their own.

    `picture_of` gives the address of an entity's small picture, by default one that holds it whole.
    """
    picture_of = picture_of or Thumbnails(explained.graph).of_entity
    rivals = [{**vars(each), "picture": picture_of(each.entity)} for each in explained.rivals]
    near = [
        {**vars(each), "pictures": [picture_of(end) for end in (each.head, each.tail)]}
        for each in explained.near
    ]
    _drop_empty_sides(near)
    return {
        "title": explained.losses.title,
        "run": run,
        "explained": explained,
        "most": max((abs(loss.change) for loss in explained.losses), default=0.0) or 1.0,
        "entities": [
            {**vars(each), "pictures": [(own.key, data_uri(own.picture)) for own in each.pictures]}
            for each in read_entities(explained)
        ],
        "rivals": rivals,
        "near": near,
        "pictured": any(each["picture"] for each in rivals),
    }


def _drop_empty_sides(near: list[dict[str, Any]]) -> None:
    """Keep no place for the picture of a side where no fact has one."""
    sides = [any(side) for side in zip(*(each["pictures"] for each in near), strict=True)]
    for each in near:
        each["pictures"] = list(compress(each["pictures"], sides))
