"""A template filled in, with every name escaped."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


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
