"""The standard streams: open at all, and given no letter that they cannot take."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

# C0 and C1 without tab and line break, and what changes the direction of writing
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def json_text(
    value: object, indent: int | None = None, default: Callable[[Any], Any] | None = None
) -> str:
    """Return JSON with letters as they are, but characters that steer a terminal as numbers.

    It reads back as the same; `default` is `json.dumps`'. Raises `ValueError` for numbers that
    JSON has not.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False, default=default)
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def open_streams() -> None:
    """Open those of the three standard streams that are closed, as in a service or after `>&-`.

    Python has None for them, and the next file that is opened would take the place of stdout:
    whatever a library in C prints would go into it. A letter that a stream cannot take, and that
    nobody has escaped before, is written as its number instead of ending the command.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if vars(sys)[name] is None:
            # In this order the system gives each its own number again.
            nowhere = os.open(os.devnull, os.O_RDWR)
            vars(sys)[name] = os.fdopen(nowhere, mode, encoding="utf-8")
    _reconfigure(sys.stdout, errors="backslashreplace")


def drop_output() -> None:
    """Let stdout go nowhere: what could not be written to it would fail again at the exit."""
    with suppress(OSError, ValueError):  # a notebook's or a test's stdout is no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def data_output() -> TextIO:
    """Return stdout for what programs read: JSON, tables as text, TOML.

    It is UTF-8 from now on, as in files, whatever the terminal's encoding: an entity must come out
    as it is called, and be found again by that name.
    """
    _reconfigure(sys.stdout, encoding="utf-8")
    return sys.stdout


def _reconfigure(stream: TextIO, encoding: str | None = None, errors: str | None = None) -> None:
    """Change a stream; one that a notebook or a test put in its place takes any letter."""
    if isinstance(stream, io.TextIOWrapper):
        # Named again, as another encoding would make the errors strict.
        stream.reconfigure(encoding=encoding, errors=errors or stream.errors)


def shown(text: str, encoding: str) -> str:
    r"""Return text as a stream of that encoding can show it: letters that it has not as \uXXXX.

    So are control characters shown, except line breaks and tabs: a name in a graph of others must
    not clear the screen, rename the window or turn the line round. Done before a table is laid
    out, so that its columns stay in line.
    """
    text = CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = text.replace("±", "+-")
        return plain.encode(encoding, "backslashreplace").decode(encoding)
    return text
