"""Who may ask: this machine's own browser at this address, and with a token where there is one."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mygo_cli.explore.replies import refusal

MOST_BYTES = 1 << 16  # of a request's body: a verdict is short
MOST_UPLOADED = 10 << 20  # of a picture with its form
UPLOADS = ("/unseen", "/api/unseen")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; script-src 'self'; "
    "connect-src 'self'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches a server that listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class Guard:
    """Lets a request through to `app` where it is meant for this server and comes from its user.

    `host` is where the server listens. Another name in a request's Host header is that of a page
    elsewhere which has pointed its own name here (DNS rebinding), and is refused.
    """

    app: ASGIApp
    host: str
    token: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the app answer it."""
        if scope["type"] != "http":  # the server's own start and end
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await (self._stopped(Request(scope)) or self.app)(scope, receive, guarded)

    def _stopped(self, request: Request) -> Response | None:
        """Return what to answer at once, None for a request that may pass."""
        if not self._meant_for_us(request):
            return refusal(
                request, 421, "This address is not mine.", "Use the one that mygo explore printed."
            )
        if request.method == "POST":
            if request.headers.get("origin") != _origin(request):
                way_out = "It is sent from the pages here, or with their Origin header."
                return refusal(request, 403, "This comes from another page.", way_out)
            if not _is_short(request):
                return refusal(request, 413, "This is too long, or does not say how long it is.")
        return self._without_token(request) if self.token else None

    def _meant_for_us(self, request: Request) -> bool:
        try:
            given = urlsplit("//" + request.headers.get("host", ""))
            name = given.hostname or ""
            _ = given.port  # raises for one that is no number
        except ValueError:
            return False
        if is_loopback(self.host):
            return name == self.host.lower() or is_loopback(name)
        own = {self.host.lower(), "localhost", socket.gethostname().lower()}
        return name in own or _is_address(name)

    def _without_token(self, request: Request) -> Response | None:
        """Return a refusal, or for a token in an address the way to the same without it."""
        cookie = f"mygo_explore_{request.url.port or 80}"  # ports of a machine share its cookies
        if self._is_token(request.query_params.get("token")):
            rest = [pair for pair in request.query_params.multi_items() if pair[0] != "token"]
            if request.url.path.startswith("/api/") or request.method == "POST":
                return None
            place = f"{_origin(request)}{request.url.path}"
            answer = RedirectResponse(f"{place}?{urlencode(rest)}" if rest else place, 303)
            answer.set_cookie(cookie, self.token or "", httponly=True, samesite="strict")
            return answer
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._is_token(bearer) or self._is_token(request.cookies.get(cookie)):
            return None
        return refusal(
            request, 403, "A token is needed here.", "Open the address that mygo explore printed."
        )

    def _is_token(self, given: str | None) -> bool:
        """Say whether it is the token, in the same time whatever is given."""
        if not given or self.token is None:
            return False
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', '')}"


def _is_short(request: Request) -> bool:
    length = request.headers.get("content-length", "")
    most = MOST_UPLOADED if request.url.path in UPLOADS else MOST_BYTES
    return length.isascii() and length.isdigit() and len(length) < 12 and int(length) <= most


def _is_address(name: str) -> bool:
    """Say whether a host is a number: nobody elsewhere can point one here."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
