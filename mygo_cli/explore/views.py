"""What each address answers: a page for people, and the same content as JSON."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mygo_cli.errors import UsageError
from mygo_cli.explore.api_page import operations
from mygo_cli.explore.explorer import Explorer
from mygo_cli.explore.guard import MOST_UPLOADED
from mygo_cli.explore.openapi import document
from mygo_cli.explore.replies import as_json, page, refusal
from mygo_cli.explore.shown import Content
from mygo_cli.explore.uploads import described
from mygo_cli.files import parsed_json

FOUND, ANSWERS = 30, 20
FACT = ("head", "relation", "tail")


def explorer_of(request: Request) -> Explorer:
    """Return what the app was made for."""
    found = request.app.state.explorer
    assert isinstance(found, Explorer)
    return found


def word(request: Request, name: str) -> str | None:
    """Return a word of the query, None where it is missing or empty."""
    return request.query_params.get(name) or None


def number(request: Request, name: str, otherwise: int) -> int:
    """Return a whole number of the query; raise `UsageError` for something else."""
    given = word(request, name)
    if given is None:
        return otherwise
    if not (given.isascii() and given.isdigit() and len(given) < 7):
        raise UsageError(f"{name} is a whole number below 1,000,000, not {given}.")
    return int(given)


# Pages


def start_page(request: Request) -> Response:
    """Answer `/`: where to begin, or what a search found."""
    explorer = explorer_of(request)
    found = explorer.search(word(request, "q") or "", FOUND)
    return page("start.html", about=explorer.about(), **found)


def entity_page(request: Request) -> Response:
    """Answer `/entity?id=`."""
    explorer = explorer_of(request)
    entity = explorer.entity(word(request, "id") or "")
    reads = list(explorer.run.settings.tokens.used)
    return page("entity.html", entity=entity, relations=explorer.graph.relations, reads=reads)


def tokens_page(request: Request) -> Response:
    """Answer `/tokens?id=`, as `mygo tokens show --html` writes it."""
    return page("tokens.html", **explorer_of(request).tokens(word(request, "id") or ""))


def rank_page(request: Request) -> Response:
    """Answer `/rank?head=&relation=` and `/rank?relation=&tail=`.

    A form asks by `entity` and `asked`, the side that is missing.
    """
    explorer = explorer_of(request)
    return page("ranked.html", relations=explorer.graph.relations, **_ranked(request))


def explain_answer_page(request: Request) -> Response:
    """Answer `/explain?head=&relation=&tail=&ask=`, as `mygo explain --html` writes it."""
    explorer = explorer_of(request)
    explained = explorer.explain(*_fact(request), _side(request, "ask"))
    return page("explain.html", **explorer.explain_content(explained))


def picture(request: Request) -> Response:
    """Answer `/picture?entity=&number=`."""
    which = None if word(request, "number") is None else number(request, "number", 0)
    found = explorer_of(request).picture(word(request, "entity") or "", which)
    if found is None:
        return refusal(request, 404, "There is no such picture.")
    headers = {"Cache-Control": "private, max-age=600"}
    return Response(found, headers=headers, media_type="image/jpeg")


def map_page(request: Request) -> Response:
    """Answer `/map`."""
    explorer = explorer_of(request)
    return page("map.html", about=explorer.about(), **explorer.map())


def unseen_form(request: Request) -> Response:
    """Answer `/unseen`: a form for an entity that the graph has not."""
    return _unseen_page(explorer_of(request), None)


async def unseen_page(request: Request) -> Response:
    """Answer a form's POST to `/unseen`."""
    given = await described(request)
    explorer = explorer_of(request)
    return _unseen_page(explorer, await run_in_threadpool(explorer.rank_unseen, given))


def _unseen_page(explorer: Explorer, answered: Content | None) -> Response:
    reads = list(explorer.run.settings.tokens.used)
    return page(
        "unseen.html",
        answered=answered,
        reads=reads,
        relations=explorer.graph.relations,
        most_uploaded=MOST_UPLOADED >> 20,
    )


# JSON


def api_page(request: Request) -> Response:
    """Answer `/api`: every address below it, with examples."""
    described = document(explorer_of(request), _here(request))
    return page("api.html", document=described, operations=operations(described))


def openapi_json(request: Request) -> Response:
    """Answer `/api/openapi.json`."""
    return as_json(document(explorer_of(request), _here(request)))


def _here(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers['host']}"


def about_json(request: Request) -> Response:
    """Answer `/api/run`."""
    return as_json(explorer_of(request).about())


def search_json(request: Request) -> Response:
    """Answer `/api/search?q=&limit=`."""
    limit = number(request, "limit", FOUND)
    return as_json(explorer_of(request).search(word(request, "q") or "", limit))


def entity_json(request: Request) -> Response:
    """Answer `/api/entity/ID`."""
    return as_json(explorer_of(request).entity(request.path_params["id"]))


def rank_json(request: Request) -> Response:
    """Answer `/api/rank?head=&relation=&tail=&top=&known=hide`."""
    return as_json(_ranked(request))


def explain_json(request: Request) -> Response:
    """Answer `/api/explain?head=&relation=&tail=&ask=`, as `mygo explain --json` prints it."""
    explorer = explorer_of(request)
    found = explorer.explain(*_fact(request), _side(request, "ask"))
    return as_json(found.record())


def map_json(request: Request) -> Response:
    """Answer `/api/map`."""
    return as_json(explorer_of(request).map())


async def unseen_json(request: Request) -> Response:
    """Answer a POST to `/api/unseen`, multipart/form-data as the form of `/unseen` sends it."""
    given = await described(request)
    return as_json(await run_in_threadpool(explorer_of(request).rank_unseen, given))


def verdicts_json(request: Request) -> Response:
    """Answer `/api/verdicts`."""
    return as_json(explorer_of(request).judged())


# Verdicts


async def judge_json(request: Request) -> Response:
    """Answer a POST to `/api/verdicts` of a JSON object with head, relation, tail and verdict."""
    try:
        given = parsed_json(await request.body())
    except ValueError as error:
        raise UsageError("The verdict is not JSON.") from error
    words = given if isinstance(given, dict) else {}
    return as_json(await run_in_threadpool(_judge, request, words))


async def judge_form(request: Request) -> Response:
    """Answer a form's POST to `/verdicts`, and show again the page that it was on."""
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    await run_in_threadpool(_judge, request, {name: values[-1] for name, values in form.items()})
    # Only path and query are taken over: the way back never leads elsewhere.
    back = urlsplit(request.headers.get("referer", ""))
    place = f"{_here(request)}{back.path or '/'}"
    return RedirectResponse(f"{place}?{back.query}" if back.query else place, 303)


def _judge(request: Request, words: Content) -> Content:
    given = [words.get(name) for name in (*FACT, "verdict")]
    strings = [each for each in given if isinstance(each, str) and each]
    if len(strings) != len(given):
        raise UsageError("A verdict needs head, relation, tail and verdict.")
    head, relation, tail, verdict = strings
    return explorer_of(request).judge(head, relation, tail, verdict)


def _ranked(request: Request) -> Content:
    head, relation, tail = _fact(request)
    if entity := word(request, "entity"):
        head, tail = (entity, None) if _side(request, "asked") == "tail" else (None, entity)
    if (known := word(request, "known")) not in (None, "mark", "hide"):
        raise UsageError(f"known is mark or hide, not {known}.")
    hide_known = known == "hide"
    top = max(1, number(request, "top", ANSWERS))
    return explorer_of(request).rank(head, relation, tail, top, hide_known)


def _fact(request: Request) -> tuple[str | None, str | None, str | None]:
    return word(request, "head"), word(request, "relation"), word(request, "tail")


def _side(request: Request, name: str) -> str:
    """Return head or tail, which is meant where nothing is said."""
    given = word(request, name) or "tail"
    if given not in ("head", "tail"):
        raise UsageError(f"{name} is head or tail, not {given}.")
    return given
