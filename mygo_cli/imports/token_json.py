"""Token files in JSON: the token ids of each entity, as other tools write them."""

from __future__ import annotations

import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mygo_cli.errors import DataError
from mygo_cli.files import most_unpacked
from mygo_cli.graph.triples import Array

SHAPE = '{"entity": [1, 2, 3]} or {"entity": [[1, 2], [3]]}, a list for each picture'
BLANK = re.compile(r"[ \t\r\n]*")
# What zipfile raises for a cut, damaged or encrypted archive.
BAD_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
LARGEST_ID = (1 << 32) - 1  # what a token cache can hold


@dataclass(frozen=True)
class TokenFile:
    """The content of a token file: by entity key the token ids, int64, of each picture or text."""

    path: Path
    sequences: dict[str, list[Array]]


def read_token_json(path: Path) -> TokenFile:
    """Return what a token file holds: `.json`, or a `.zip` with one such file in it.

    An entity has one sequence of ids or a list of sequences. Raises `DataError`, one line with
    file and key, for a file that is missing, cut off or anything else.
    """
    text = _text(path)
    sequences: dict[str, list[Array]] = {}
    for key, value in _pairs(path, text):
        if key in sequences:
            raise DataError(f"{path}: the key {key} stands twice.", "Delete one of them.")
        sequences[key] = _sequences(path, key, value)
    if not sequences:
        raise DataError(f"{path} holds no tokens.", f"Expected is {SHAPE}.")
    return TokenFile(path, sequences)


def _text(path: Path) -> str:
    """Return the text of a JSON file, unpacked if need be."""
    if path.exists() and not path.is_file():
        raise DataError(f"{path} is not a file.", "Name a .json file.")
    try:
        data = _unzipped(path) if path.suffix.lower() == ".zip" else path.read_bytes()
        return data.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8, so it is no JSON.", _unpack_again(path)) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def _unzipped(path: Path) -> bytes:
    """Return the one JSON file of an archive, leaving out what macOS adds to it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if _is_content(name)]
            if len(names) != 1:
                raise DataError(
                    f"{path} holds {len(names)} JSON files, expected one.", "Name a .json file."
                )
            bound = most_unpacked(path.stat().st_size)
            if archive.getinfo(names[0]).file_size > bound:
                raise DataError(
                    f"{path} holds more than {bound:,} bytes.",
                    "If that is right, unpack it and name the .json file.",
                )
            return archive.read(names[0])
    except BAD_ARCHIVE as error:
        raise DataError(f"{path} is cut off, damaged or no zip file.", "Copy it again.") from error


def _is_content(name: str) -> bool:
    hidden = name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")
    return name.endswith(".json") and not hidden


def _pairs(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    """Yield key and value of a JSON object one by one: all at once they may fill the memory."""
    read = json.JSONDecoder().raw_decode
    try:
        place = _skip(text, 0)
        if text[place] != "{":
            raise DataError(f"{path} is no JSON object.", f"Expected is {SHAPE}.")
        place = _skip(text, place + 1)
        while text[place] != "}":
            key, place = read(text, place)
            place = _skip(text, place)
            if not isinstance(key, str) or text[place] != ":":
                raise json.JSONDecodeError("a key is text with a colon behind it", text, place)
            value, place = read(text, _skip(text, place + 1))
            yield key, value
            place = _skip(text, place)
            if text[place] not in ",}":
                raise json.JSONDecodeError("a comma is missing", text, place)
            if text[place] == ",":
                place = _skip(text, place + 1)
                if text[place] == "}":
                    raise json.JSONDecodeError("a comma stands before the last }", text, place)
        if _skip(text, place + 1) < len(text):
            raise json.JSONDecodeError("something stands behind the last }", text, place)
    except (IndexError, ValueError, RecursionError) as error:  # ValueError: too many digits, too
        raise _broken(path, text, error) from error


def _skip(text: str, place: int) -> int:
    """Return the place behind blanks."""
    found = BLANK.match(text, place)
    return found.end() if found else place


def _broken(path: Path, text: str, error: Exception) -> DataError:
    """Return the error for a text that is no JSON, or only the beginning of one."""
    if not text.strip():
        return DataError(f"{path} is empty.", _unpack_again(path))
    if not text.rstrip().endswith("}"):
        return DataError(f"{path} is cut off in the middle.", _unpack_again(path))
    if isinstance(error, json.JSONDecodeError):
        return DataError(f"{path}:{error.lineno}: not JSON: {error.msg}.", _unpack_again(path))
    return DataError(f"{path} is not JSON.", _unpack_again(path))


def _unpack_again(path: Path) -> str:
    """Return the way out for a damaged file: its archive, if it lies there."""
    archive = path.with_name(path.name + ".zip")
    if archive.exists():
        return f"Delete it: {archive.name} beside it is read then."
    return "Unpack or copy it again."


def _sequences(path: Path, key: str, value: Any) -> list[Array]:
    """Return the sequences of one entity; raise for anything but lists of token ids."""
    nested = isinstance(value, list) and bool(value) and isinstance(value[0], list)
    return [_ids(path, key, part) for part in (value if nested else [value])]


def _ids(path: Path, key: str, value: Any) -> Array:
    """Return a list of ids as an array, int64."""
    if not isinstance(value, list):
        raise DataError(f"{path}: {key} is no list of token ids.", f"Expected is {SHAPE}.")
    for token in value:
        if type(token) is not int or not 0 <= token <= LARGEST_ID:
            shown = json.dumps(token)[:40]
            raise DataError(
                f"{path}: {key}: {shown} is no token id.", "Ids are whole numbers from 0 on."
            )
    return np.array(value, dtype=np.int64)
