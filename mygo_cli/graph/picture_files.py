"""The files of a folder, which of them are pictures, and their natural order. Decodes nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

# SVG is no picture of pixels. It is listed all the same, so that its reader can say so.
PICTURE_ENDINGS = (
    ".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".svg",
)  # fmt: skip

# How pictures begin that bear another name or none: PNG, JPEG, GIF, two kinds of TIFF, SVG, and
# JPEG 2000, which is not read either, but should be named rather than passed over.
FIRST_BYTES = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"<svg", b"\0\0\0\x0cjP",
)  # fmt: skip
BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")  # AVIF, and HEIC of phones
# What people take for pictures and no reader here does: print, design, raw photos, films, models.
OTHER_ENDINGS = (
    ".eps", ".ps", ".pdf", ".ai", ".psd", ".xcf", ".ico", ".tga", ".heic", ".heif", ".jxl", ".jp2",
    ".emf", ".wmf", ".dng", ".cr2", ".nef", ".arw", ".raw", ".mp4", ".webm", ".mov",
)  # fmt: skip
UNFINISHED = ".part"  # as mygo and browsers call a file that is being written


def is_picture(path: Path) -> bool:
    """Say whether a file is a picture by the ending of its name or else by its first bytes."""
    if path.name.lower().endswith(PICTURE_ENDINGS):
        return True
    if path.name.endswith(UNFINISHED):
        return False
    try:
        with path.open("rb") as file:
            return begins_as_picture(file.read(32))
    except OSError:
        return False


def begins_as_picture(first: bytes) -> bool:
    """Say whether the first 32 bytes of a file are those of a picture."""
    return (
        first.startswith(FIRST_BYTES)
        or (first.startswith(b"RIFF") and first[8:12] == b"WEBP")
        or (first.startswith(b"BM") and first[6:10] == bytes(4))
        or (first[4:8] == b"ftyp" and first[8:12] in BRANDS)
    )


def holds_picture(folder: Path) -> bool:
    """Say whether a folder or one below it holds a picture."""
    return any(is_picture(Path(at) / name) for at, _, names in os.walk(folder) for name in names)


def in_natural_order(names: Iterable[str]) -> list[str]:
    """Return names sorted so that 2 comes before 10, whatever the capitals."""
    return sorted(names, key=_natural)


def _natural(name: str) -> tuple[list[str | int], str]:
    """Return a sort key that counts: text and numbers take turns, so that types never meet."""
    parts = re.split(r"([0-9]+)", name.lower())
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], name


def listing(images: Path, folder: str, unreadable: list[tuple[str, str]]) -> list[tuple[str, bool]]:
    """Return (name, is a folder) of the files and folders in `images/folder`, by name.

    What cannot be looked at, such as a link to itself, goes to `unreadable`.
    """
    found = []
    try:
        with os.scandir(images / folder) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        unreadable.append((folder or ".", str(error.strerror)))
        return []
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        try:
            entry.name.encode()
            is_folder = entry.is_dir()
            if is_folder or entry.is_file():
                found.append((entry.name, is_folder))
        except UnicodeEncodeError:
            readable = os.fsencode(path).decode("utf-8", "backslashreplace")
            unreadable.append((readable, "Its name is not UTF-8"))
        except OSError as error:
            unreadable.append((path, str(error.strerror)))
    return found
