"""Text files as they lie on disk or come in: gzip or not, in UTF-8, and of a bounded size."""

from __future__ import annotations

import codecs
import gzip
import io
import sys
import zlib
from pathlib import Path

from mygo_cli.errors import DataError
from mygo_cli.files import holes_refused, most_unpacked

STANDARD_INPUT = Path("-")
GZIP_MAGIC = b"\x1f\x8b"  # how every gzip file begins; standard input has no ending to go by


class FileFault(DataError):
    """A `DataError` that keeps its place, so that `check` can list it beside other findings."""

    def __init__(self, file: Path, line: int | None, message: str, way_out: str = "") -> None:
        name = "standard input" if file == STANDARD_INPUT else str(file)
        place = f"{name}:{line}" if line is not None else name
        super().__init__(f"{place}: {message}", way_out)
        self.file = file
        self.line = line
        self.message = message


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, gzip or not, without its byte order mark."""
    data = _read_bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise FileFault(
                path, None, "not UTF-8 but UTF-16.", "Save the file as UTF-8."
            ) from error
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8 (byte 0x{error.object[error.start]:02x})."
        raise FileFault(path, line, message, "Save the file as UTF-8.") from error
    if text.count("\0") * 3 > len(text):  # half of it, where all letters are Latin ones
        message = "not UTF-8 but UTF-16, as far as one can see: full of NUL bytes."
        raise FileFault(path, None, message, "Save the file as UTF-8.")
    return text


def _read_bytes(path: Path) -> bytes:
    try:
        if path == STANDARD_INPUT:
            data = sys.stdin.buffer.read()
            packed = data.startswith(GZIP_MAGIC)
        else:
            holes_refused(path)
            data, packed = path.read_bytes(), path.suffix == ".gz"
        return _unpacked(path, data) if packed else data
    except (EOFError, zlib.error) as error:
        message = "the gzip file is cut off or damaged."
        raise FileFault(path, None, message, "Copy or download it again.") from error
    except gzip.BadGzipFile as error:
        message = "not a gzip file, or a damaged one."
        way_out = "Copy or download it again, or take .gz off its name if it is plain text."
        raise FileFault(path, None, message, way_out) from error
    except OSError as error:
        raise FileFault(path, None, f"cannot be read: {error.strerror}.") from error


def _unpacked(path: Path, data: bytes) -> bytes:
    """Return what a gzip file holds; raise `FileFault` where that is more than any text gives."""
    bound = most_unpacked(len(data))
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        content = file.read(bound + 1)
    if len(content) > bound:
        message = f"it holds more than {bound:,} bytes."
        raise FileFault(path, None, message, "If that is right, unpack it with gunzip first.")
    return content
