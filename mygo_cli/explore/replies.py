"""Content as a page or as JSON, and what went wrong in the same two ways."""

from __future__ import annotations

import logging
from dataclasses import asdict, is_dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mygo_cli.errors import MygoError, UsageError
from mygo_cli.explore.shown import Content
from mygo_cli.pages.rendering import environment
from mygo_cli.streams import json_text

log = logging.getLogger(__name__)
TEMPLATES = "explore/templates"


def page(template: str, status: int = 200, **content: Any) -> Response:
    """Return a page of `explore/templates/` or `pages/templates/` with this content."""
    text = environment(TEMPLATES).get_template(template).render(layout="explore.html", **content)
    # What is known changes with each verdict: going back should show it.
    return HTMLResponse(text, status, {"Cache-Control": "no-store"})


def as_json(content: Content, status: int = 200) -> Response:
    """Return content as JSON."""
    text = json_text(content, default=_as_dictionary)
    headers = {"Cache-Control": "no-store"}
    # Lone halves of letters, as in broken names, have no UTF-8.
    body = text.encode("utf-8", "backslashreplace")
    return Response(body, status, headers, media_type="application/json")


def _as_dictionary(value: object) -> dict[str, Any]:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} is not shown")


def refusal(request: Request, status: int, problem: str, way_out: str = "") -> Response:
    """Return why there is no answer, as JSON to those who asked for it."""
    if request.url.path.startswith("/api/"):
        return as_json({"error": problem, "way_out": way_out}, status)
    return page("problem.html", status, problem=problem, way_out=way_out)


def refused(request: Request, error: Exception) -> Response:
    """Return a mistake that a user can put right: 404 for a name, 400 for the rest of a question.

    500 for what is wrong with files.
    """
    assert isinstance(error, MygoError)
    status = 500
    if isinstance(error, UsageError):
        status = 404 if error.problem.startswith(("No entity", "No relation")) else 400
    return refusal(request, status, error.problem, error.way_out)


def not_found(request: Request, _: Exception) -> Response:
    """Return that there is no such page."""
    return refusal(request, 404, "There is no such page.", "The search is on the first one: /")


def not_so(request: Request, error: Exception) -> Response:
    """Return that an address is not asked in that way, and in which it is."""
    assert isinstance(error, HTTPException)
    allowed = (error.headers or {}).get("Allow", "GET")
    answer = refusal(request, 405, f"{request.method} is nothing to do here.", f"Use {allowed}.")
    answer.headers["Allow"] = allowed
    return answer


def fault(request: Request, error: Exception) -> Response:
    """Return that something broke which no user can put right; what it was goes to the log."""
    log.error(f"{request.url.path}: {type(error).__name__}: {error}")
    way_out = "Please report it with the line that the terminal shows."
    return refusal(request, 500, "This is a fault in mygo.", way_out)
