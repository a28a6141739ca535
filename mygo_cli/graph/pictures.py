"""A picture file of any kind to one RGB picture, or the reason why not."""

from __future__ import annotations

import importlib.util
import io
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

# What a file may be, by its content; the ending of its name does not count. Kinds whose reading
# starts another program (EPS) or that are drawings (SVG) are left out.
# AVIF came with Pillow 11.3.
FORMATS: tuple[str, ...] = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
if importlib.util.find_spec("PIL.AvifImagePlugin"):
    FORMATS += ("AVIF",)

# 67 million pixels, 200 MB as RGB: a small file can unpack to any size and fill the memory.
MAX_PIXELS = 1 << 26

# Tokenizers scale the shorter side to some 256 pixels, and the longer one grows along.
MAX_ASPECT = 100

PNG_BEGINNING = b"\x89PNG\r\n\x1a\n"
# Parts of a PNG that say something about the picture: notes, and the colour profile, which is not
# applied anyway. The turn of a photo stands elsewhere, in eXIf.
PNG_NOTES = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")

WHITE = (255, 255, 255, 255)


class BadPicture(Exception):
    """A file that gives no picture; the message is the reason, without the file's name."""


def read_picture(path: Path) -> Image.Image:
    """Return the picture of a file as mode RGB, upright.

    Of an animation the first frame; a turned photo as its EXIF entry says; transparent pixels on
    white; 16 bits and more scaled to 8. Raises `BadPicture`, whatever is wrong with the file.
    """
    try:
        _refuse_by_first_bytes(path)
        return _decoded(path)
    except BadPicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadPicture(f"more than {MAX_PIXELS:,} pixels") from error
    except UnidentifiedImageError as error:
        raise BadPicture(f"not a picture that can be read ({', '.join(FORMATS)})") from error
    except OSError as error:
        raise BadPicture(_reason(error.strerror or str(error))) from error
    except Exception as error:  # Pillow's readers raise whatever a broken file leads them to
        raise BadPicture(_reason(f"{type(error).__name__}: {error}")) from error


def _decoded(path: Path) -> Image.Image:
    """Return the picture of a file; a PNG whose notes Pillow refuses as too large without them."""
    try:
        return _opened(path)
    except ValueError:
        content = path.read_bytes()
        if not content.startswith(PNG_BEGINNING):
            raise
        return _opened(io.BytesIO(_without_notes(content)))


def _opened(source: Path | io.BytesIO) -> Image.Image:
    with Image.open(source, formats=FORMATS) as image:
        _refuse_by_size(*image.size)
        return _rgb(ImageOps.exif_transpose(image))


def _without_notes(png: bytes) -> bytes:
    """Return a PNG without what it says beside its pixels.

    After its beginning there are chunks: the length of the content in 4 bytes, the name in 4, the
    content, and a checksum in 4.
    """
    kept = [png[: len(PNG_BEGINNING)]]
    place = len(PNG_BEGINNING)
    while place < len(png):
        end = place + 12 + int.from_bytes(png[place : place + 4], "big")
        if png[place + 4 : place + 8] not in PNG_NOTES:
            kept.append(png[place:end])
        place = end
    return b"".join(kept)


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keep Pillow's remarks on odd files off the terminal, and refuse bombs and half files.

    Holds for the whole process, other threads included, until left.
    """
    lenient = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = lenient


def _refuse_by_first_bytes(path: Path) -> None:
    """Raise for an empty file, something that is no file, and an SVG drawing."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise BadPicture("not a file")
    with path.open("rb") as file:
        first = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not first:
        raise BadPicture("the file is empty")
    if first.startswith(b"<svg") or (first.startswith((b"<?xml", b"<!")) and b"<svg" in first):
        raise BadPicture("an SVG drawing; convert it to PNG")


def _refuse_by_size(width: int, height: int) -> None:
    """Raise for a picture that would take too much memory here or in a tokenizer."""
    if width * height > MAX_PIXELS:
        raise BadPicture(f"{width} x {height} is more than {MAX_PIXELS:,} pixels")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise BadPicture(
            f"{width} x {height} pixels: one side is over {MAX_ASPECT} times the other"
        )


def _rgb(image: Image.Image) -> Image.Image:
    """Return the picture as mode RGB, whatever its mode, decoded to the last row."""
    image.load()
    if image.mode.startswith("I") or image.mode == "F":
        return _from_wide_grey(image)
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "La", "RGBa"):
        picture = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, WHITE), picture).convert("RGB")
    return image.convert("RGB")


def _from_wide_grey(image: Image.Image) -> Image.Image:
    """Return grey of more than 8 bits as RGB; Pillow's own conversion clips at 255.

    Whole numbers are taken as 8 bits where all fit, else as 16, else by their largest value;
    fractions up to 1 as shares of white.
    """
    grey = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0.0, neginf=0.0)
    most = float(grey.max())
    if image.mode == "F":
        white = next((limit for limit in (1.0, 255.0, 65535.0) if most <= limit), most)
    elif image.mode == "I" and most <= 255:
        white = 255.0
    else:
        white = max(65535.0, most)
    scaled = np.clip(np.rint(grey * (255.0 / white)), 0, 255).astype(np.uint8)
    return Image.fromarray(scaled).convert("RGB")


def _reason(text: str) -> str:
    """Return what a library said, as one short clause."""
    line = " ".join(text.split()).rstrip(".")
    if "truncated" in line.lower():
        return "the file is cut short"
    return line[:1].lower() + line[1:] if line else "the file cannot be read"
