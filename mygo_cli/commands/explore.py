"""`mygo explore`: a local page to look around, ask, and accept or reject what a run says."""

from __future__ import annotations

import importlib.util
import re
import secrets
from typing import Annotated

import typer

from mygo_cli import console
from mygo_cli.commands.options import (
    DeviceOption,
    RunArgument,
    RunDataOption,
    RunsDirOption,
)
from mygo_cli.errors import MygoError, UsageError

TOKEN = re.compile(r"[A-Za-z0-9._~-]+")  # it stands in addresses and cookies as it is
PACKAGES = ("starlette", "uvicorn", "python_multipart")


def explore(
    run: RunArgument = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any that is free.")
    ] = 8765,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Other machines reach 0.0.0.0, with a token.")
    ] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(
            help="What the address must hold. Default: none on this machine alone, else made up.",
            show_default=False,
        ),
    ] = None,
    device: DeviceOption = "auto",
    data: RunDataOption = None,
    runs_folder: RunsDirOption = None,
) -> None:
    """Open a local page on a run: search, look, ask, explain, accept or reject new facts."""
    _check_packages()
    from mygo_cli.explore.app import address, explore_app, listen, serve
    from mygo_cli.explore.explorer import Explorer
    from mygo_cli.explore.guard import is_loopback
    from mygo_cli.runs.opened import open_run

    if token is not None and not TOKEN.fullmatch(token):
        raise UsageError("A token is letters, digits and . _ ~ - only.")
    if token is None and not is_loopback(host):
        token = secrets.token_urlsafe(16)
    listening = listen(host, port)  # before the work: a port in use is noticed now
    with listening:
        explorer = Explorer(open_run(run, data, device, runs_folder))
        explorer.warm()
        console.result(address(listening, host, token))
        console.info(f"Verdicts go to {explorer.verdicts.path}. Ctrl-C ends it.")
        serve(explore_app(explorer, host, token), listening)


def _check_packages() -> None:
    """Raise `MygoError` where the packages of the extra are missing."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise MygoError(
            f"mygo explore needs the package {' and '.join(missing)}, which is not installed.",
            "pip install 'mygo-kg[explore]'",
        )
