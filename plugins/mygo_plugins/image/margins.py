"""Margins of one colour around what a picture shows, such as the white around a drawing."""

from __future__ import annotations

import numpy as np
import PIL.Image

# How far a channel of the background may stray, of 255: JPEG leaves traces around every edge.
TOLERANCE = 16


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
