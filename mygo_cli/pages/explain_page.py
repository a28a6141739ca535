"""One answer explained on one page: pictures and words in the colours of what they did to it."""

from __future__ import annotations

from typing import Any

from mygo_cli.pages.rendering import render
from mygo_cli.runs.explained import Explained
from mygo_cli.runs.explained_drawing import read_entities
from mygo_cli.runs.run import Run


def explain_page(run: Run, explained: Explained) -> str:
    """Return the page of an answer as HTML: what was tinted, and every loss in a table."""
    return render("explain.html", **page_content(run, explained))


def page_content(run: Run, explained: Explained) -> dict[str, Any]:
    """Return what `explain.html` shows, for those who put the page into a layout of their own."""
    return {
        "title": explained.losses.title,
        "run": run,
        "explained": explained,
        "most": max((abs(loss.change) for loss in explained.losses), default=0.0) or 1.0,
        "entities": read_entities(explained),
    }
