"""From a picture to the pixels that an image tokenizer was trained on, or is to see."""

from __future__ import annotations

import numpy as np
import PIL.Image
from numpy.typing import NDArray

BICUBIC = PIL.Image.Resampling.BICUBIC
WIDEST = 16
# How far a channel of a background may stray, of 255: JPEG leaves traces around every edge.
TOLERANCE = 16


def centre_square(image: PIL.Image.Image, shorter: int, size: int) -> NDArray[np.float32]:
    """Return the centre of a picture, float32 (3, size, size) from -1 to 1.

    The shorter side is scaled to `shorter` pixels, then the middle `size` x `size` is cut out.
    The far ends of a picture more than 16 times as wide as high are cut off before: scaling a
    line of pixels to full height would fill the memory with what is then cut off.
    """
    image = _without_far_ends(image.convert("RGB"))
    width, height = image.size
    short = min(width, height)
    image = image.resize((shorter * width // short, shorter * height // short), BICUBIC)
    left, top = (round((side - size) / 2) for side in image.size)
    return scaled(image.crop((left, top, left + size, top + size)))


def scaled(image: PIL.Image.Image) -> NDArray[np.float32]:
    """Return an RGB picture as float32 (3, height, width) from -1 to 1."""
    pixels = np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1)).astype(np.float32)
    pixels /= 127.5
    pixels -= 1
    return pixels


def without_margins(image: PIL.Image.Image) -> PIL.Image.Image:
    """Return an RGB picture cut to the box of all that differs from its background.

    The background is the colour of the corners, where all four agree. A picture whose corners
    differ stays as it is, and so does one that shows nothing else.
    """
    pixels = np.asarray(image)
    # Both ways: bytes wrap around.
    away = np.maximum(pixels, pixels[0, 0]) - np.minimum(pixels, pixels[0, 0])
    shows = (away > TOLERANCE).any(-1)
    if shows[[0, 0, -1, -1], [0, -1, 0, -1]].any() or not shows.any():
        return image
    rows, columns = (np.flatnonzero(shows.any(axis)) for axis in (1, 0))
    return image.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))


def _without_far_ends(image: PIL.Image.Image) -> PIL.Image.Image:
    width, height = image.size
    most = WIDEST * min(width, height)
    left, top = (max(0, (side - most) // 2) for side in image.size)
    return image.crop((left, top, left + min(width, most), top + min(height, most)))
