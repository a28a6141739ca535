"""The addresses of the local page, and the server that answers them."""

from __future__ import annotations

import errno
import socket
from importlib.resources import files
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mygo_cli.errors import MygoError
from mygo_cli.explore import views
from mygo_cli.explore.explorer import Explorer
from mygo_cli.explore.guard import Guard
from mygo_cli.explore.replies import fault, not_found, not_so, refused

SCRIPT = "/explore.js"
ROUTES = [
    Route("/", views.start_page),
    Route("/entity", views.entity_page),
    Route("/tokens", views.tokens_page),
    Route("/rank", views.rank_page),
    Route("/explain", views.explain_answer_page),
    Route("/picture", views.picture),
    Route("/map", views.map_page),
    Route("/unseen", views.unseen_form),
    Route("/unseen", views.unseen_page, methods=["POST"]),
    Route("/verdicts", views.judge_form, methods=["POST"]),
    Route("/api", views.api_page),
    Route("/api/openapi.json", views.openapi_json),
    Route("/api/run", views.about_json),
    Route("/api/search", views.search_json),
    Route("/api/entity/{id:path}", views.entity_json),
    Route("/api/rank", views.rank_json),
    Route("/api/explain", views.explain_json),
    Route("/api/map", views.map_json),
    Route("/api/unseen", views.unseen_json, methods=["POST"]),
    Route("/api/verdicts", views.verdicts_json),
    Route("/api/verdicts", views.judge_json, methods=["POST"]),
]


def explore_app(explorer: Explorer, host: str = "127.0.0.1", token: str | None = None) -> ASGIApp:
    """Return the whole page as an ASGI app that answers where it listens, on `host`.

    With a `token` it answers only those who have it.
    """
    script = Response(
        (files("mygo_cli") / "explore" / "explore.js").read_bytes(),
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache"},
    )

    def send_script(_: Request) -> Response:
        return script

    app = Starlette(
        routes=[*ROUTES, Route(SCRIPT, send_script)],
        exception_handlers={
            MygoError: refused,
            404: not_found,
            405: not_so,
            Exception: fault,
        },
    )
    app.state.explorer = explorer
    return Guard(app, host, token)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a host and port, 0 for any that is free.

    Raises `MygoError` for a port in use, and a host that is not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise MygoError(
                f"Port {port} of {host} is in use.", f"Take another one: --port {port + 1}."
            ) from error
        raise MygoError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error


def address(listening: socket.socket, host: str, token: str | None) -> str:
    """Return what to open in a browser."""
    port = listening.getsockname()[1]
    name = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)
    place = f"http://{f'[{name}]' if ':' in name else name}:{port}/"
    return f"{place}?{urlencode({'token': token})}" if token else place


def serve(app: ASGIApp, listening: socket.socket) -> None:
    """Answer until Ctrl-C."""
    # Faults are logged in one line here; uvicorn would add a traceback.
    config = uvicorn.Config(app, log_level="critical", access_log=False, server_header=False)
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:  # how it ends
        pass
    finally:
        listening.close()
