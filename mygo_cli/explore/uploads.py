"""What a form brings of an entity that the graph has not: a picture, checked by its content."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from mygo_cli.errors import UsageError
from mygo_cli.explore.guard import MOST_UPLOADED

MOST_TEXT = 20_000  # letters of a description; models read some hundred words
NAME = "the new entity"


@dataclass(frozen=True)
class Described:
    """An upload: the picture's bytes, none where there is none, a text, and what is asked."""

    picture: bytes
    text: str
    relation: str
    asked: str


async def described(request: Request) -> Described:
    """Return what a form or a program sent, as multipart/form-data.

    Raises `UsageError` for another kind of body, and for one with too much in it.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise UsageError(
            "The body is no multipart/form-data.", "Send a form with a picture or a text."
        )
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # the answer says it
    try:
        async with request.form(max_files=1, max_fields=8, max_part_size=4 * MOST_TEXT) as form:
            given = form.get("picture")
            picture = await given.read(MOST_UPLOADED) if isinstance(given, UploadFile) else b""
            words = {name: form.get(name) for name in ("text", "relation", "asked")}
    except HTTPException as error:  # how Starlette says that a form cannot be read
        raise UsageError("The form cannot be read.", "Send one picture and a text.") from error
    text, relation, asked = (each if isinstance(each, str) else "" for each in words.values())
    if len(text) > MOST_TEXT:
        raise UsageError(f"The text has more than {MOST_TEXT:,} letters.", "Shorten it.")
    if not picture and not text.strip():
        raise UsageError("There is nothing to read of the entity.", "Give a picture or a text.")
    if not relation:
        raise UsageError("Name a relation to ask about.")
    return Described(picture, text.strip(), relation, asked or "tail")


@contextmanager
def picture_file(content: bytes) -> Iterator[Path]:
    """Yield a file of ours with what was uploaded, which is gone afterwards.

    Raises `UsageError` for what is no picture, whatever it was called: its name is never used.
    """
    from mygo_cli.graph.pictures import BadPicture, quiet_pillow, read_picture

    handle, name = tempfile.mkstemp(prefix="mygo-upload-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        try:
            with quiet_pillow():
                read_picture(Path(name))
        except BadPicture as error:
            raise UsageError(
                f"The picture cannot be used: {error}.", "Give a PNG or JPEG."
            ) from error
        yield Path(name)
    finally:
        os.unlink(name)
