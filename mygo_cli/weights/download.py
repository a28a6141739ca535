"""Fetching published weights into the user's cache: resumed when cut off, checked, then renamed."""

from __future__ import annotations

import logging
import os
import re
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import cast

from mygo_cli.errors import BackendError
from mygo_cli.files import BLOCK, HeldElsewhere, expanded, file_sha256, only_writer
from mygo_cli.progress import shown

log = logging.getLogger(__name__)

SECONDS = 30
BETWEEN_LOOKS = 0.5  # seconds
BY_HAND = "pass the file by hand: --image-weights FILE."


def weights_folder() -> Path:
    """Return where published weights are kept: `$MYGO_WEIGHTS`, else `~/.cache/mygo/weights`.

    Raises `BackendError` where there is neither.
    """
    found = expanded(os.environ.get("MYGO_WEIGHTS") or "~/.cache/mygo/weights")
    if found.parts[:1] == ("~",):
        raise BackendError(
            "There is no home folder to keep weights in.", "Name a folder in MYGO_WEIGHTS."
        )
    return found


def fetch(url: str, name: str, sha256_prefix: str | None = None) -> Path:
    """Return the local path of a published file, downloading it as `name` where it is missing.

    `sha256_prefix` is how the file's digest must begin. A download that was cut off goes on where
    it stopped, also in a later run. Raises `BackendError` in one line that names the address, the
    folder and the way without a network.
    """
    target = weights_folder() / name
    if target.is_file():
        return target
    part = target.with_name(name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _turn(target):
            if target.is_file():  # another process fetched it meanwhile
                return target
            while not _download(url, part, name):
                pass
            _check(part, url, sha256_prefix)
            part.replace(target)
    except (OSError, HTTPException) as error:
        raise BackendError(
            f"{url} cannot be fetched into {target.parent}: {_reason(error)}.",
            f"Run it again to go on, or {BY_HAND}",
        ) from error
    return target


def _turn(target: Path) -> ExitStack:
    """Return what holds a file against other processes, once none of them fetches it any more."""
    stack, waits = ExitStack(), False
    while True:
        try:
            stack.enter_context(only_writer(target))
        except HeldElsewhere:
            if not waits:
                log.info("Another process fetches %s: waiting for it.", target.name)
            waits = True
            time.sleep(BETWEEN_LOOKS)
        else:
            return stack


def _download(url: str, part: Path, name: str) -> bool:
    """Fetch what is missing of the file; return False where the server cut off after some of it."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "mygo"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        reply = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=SECONDS
        )
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        if _total(error.headers.get("Content-Range")) != have:
            part.unlink()  # longer than the file itself, or of another one: start over
            return False
        return True
    with cast(HTTPResponse, reply) as stream:
        resumed = stream.status == 206
        total = _total(stream.headers.get("Content-Range")) if resumed else stream.length
        before = have if resumed else 0
        after = _append(stream, part, name, before, total)
    if total is None or after >= total:
        return True
    if after == before:
        raise OSError(f"cut off after {after >> 20} of {total >> 20} MB")
    return False


def _append(stream: HTTPResponse, part: Path, name: str, before: int, total: int | None) -> int:
    """Write the stream behind the `before` bytes at hand; return how many there are."""
    megabytes = None if total is None else total >> 20
    log.info("Fetching %s.", name)
    with part.open("ab" if before else "wb") as file:
        try:
            while block := stream.read(BLOCK):
                file.write(block)
                shown()(f"fetching {name} (MB)", file.tell() >> 20, megabytes)
        except (TimeoutError, ConnectionError, HTTPException):
            pass  # what arrived is kept; the caller sees that it is not all
        return file.tell()


def _total(content_range: str | None) -> int | None:
    """Return N of a Content-Range `bytes a-b/N`."""
    match = re.fullmatch(r"bytes .*/(\d+)", content_range or "")
    return int(match[1]) if match else None


def _check(part: Path, url: str, sha256_prefix: str | None) -> None:
    """Raise, and remove the file, unless its digest begins as published."""
    if sha256_prefix is None:
        return
    digest = file_sha256(part)
    if not digest.startswith(sha256_prefix):
        part.unlink()
        raise BackendError(
            f"{url}: its sha256 begins with {digest[:8]}, not {sha256_prefix}.",
            f"It was removed; run it again, or {BY_HAND}",
        )


def _reason(error: Exception) -> str:
    """Return in few words what went wrong."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server says {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return f"no connection ({error.reason})"
    return str(error) or type(error).__name__
