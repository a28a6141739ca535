"""Pictures with the patches of kept tokens marked, as the tokenizer saw them."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mygo_cli.graph.triples import Array
from mygo_cli.tokens.kept import Item, KeptToken, grid_of

SIDE = 256
PALE = 0.5  # how far what is not kept goes towards white
FRAME = 3  # pixels
MOST_TINT = 0.5
WIDEST_FRAME = 8  # what part of a patch's side the frame of the strongest tint is: one eighth
GAP, LINE, LETTERS = 12, 34, 40
FONT = 14

Colour = tuple[int, int, int]


def colour_of(place: int, of: int) -> Colour:
    """Return the colour of the token in that place among `of`: hues evenly around the wheel."""
    red, green, blue = colorsys.hsv_to_rgb(place / max(1, of), 0.85, 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)


def css_of(place: int, of: int) -> str:
    """Return `colour_of` as style sheets write it."""
    return "#{:02x}{:02x}{:02x}".format(*colour_of(place, of))


def as_picture(prepared: Array) -> Image.Image:
    """Return what the encoder gets, float32 (3, S, S), as a picture of `SIDE` pixels.

    Its values are stretched to 0..255, as the way back is the tokenizer's secret.
    """
    low, high = float(prepared.min()), float(prepared.max())
    pixels = (prepared - low) * (255.0 / max(high - low, 1e-6))
    picture = Image.fromarray(pixels.transpose(1, 2, 0).astype(np.uint8))
    return picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def boxes_of(item: Item, token: KeptToken) -> list[tuple[int, int, int, int]]:
    """Return the patches of a token in a picture of `SIDE` pixels: left, top, right, bottom.

    None where the item's tokens are no square grid, nor for a patch of which no pixel is left.
    """
    grid = grid_of(len(item.tokens))
    if grid is None:
        return []
    edges = [round(step * SIDE / grid) for step in range(grid + 1)]
    places = (divmod(position, grid) for position in token.places.get(item.key, ()))
    boxes = ((edges[x], edges[y], edges[x + 1], edges[y + 1]) for y, x in places)
    return [box for box in boxes if box[0] < box[2] and box[1] < box[3]]


def tint_patches(
    prepared: Array, item: Item, tints: Sequence[tuple[KeptToken, Colour, float]]
) -> Image.Image:
    """Return a picture of `SIDE` pixels in its own colours; each token's patches bear another.

    The third of a tint is its strength, 0 to 1. A tint alone is lost on a flag of its colour: the
    patches are framed, too, the stronger the wider, within a white line that parts the frame from
    the picture. `prepared` as for `as_picture`.
    """
    plain = as_picture(prepared)
    tinted = plain.copy()
    draw = ImageDraw.Draw(tinted)
    for token, colour, strength in tints:
        for left, top, right, bottom in boxes_of(item, token):
            patch = plain.crop((left, top, right, bottom))
            over = Image.new("RGB", patch.size, colour)
            tinted.paste(Image.blend(patch, over, MOST_TINT * strength), (left, top))
            width = 1 + round(strength * (right - left) / WIDEST_FRAME)
            draw.rectangle((left, top, right - 1, bottom - 1), outline="white", width=width + 2)
            if min(right - left, bottom - top) > 2:  # else the white line is all there is room for
                inner = left + 1, top + 1, right - 2, bottom - 2
                draw.rectangle(inner, outline=colour, width=width)
    return tinted


def mark_patches(prepared: Array, item: Item, kept: Sequence[KeptToken]) -> Image.Image:
    """Return a picture of `SIDE` pixels in which the patches of kept tokens are framed.

    The others are paler, unless none is kept. A token sequence that is no square grid leaves the
    picture as it is. `prepared` as for `as_picture`.
    """
    picture = as_picture(prepared)
    boxes = [(place, box) for place, token in enumerate(kept) for box in boxes_of(item, token)]
    if not boxes:
        return picture
    marked = Image.blend(picture, Image.new("RGB", picture.size, "white"), PALE)
    draw = ImageDraw.Draw(marked)
    for place, box in boxes:
        marked.paste(picture.crop(box), box)
        inside = (box[0], box[1], box[2] - 1, box[3] - 1)
        draw.rectangle(inside, outline=colour_of(place, len(kept)), width=FRAME)
    return marked


@dataclass(frozen=True)
class DrawnPicture:
    """A tokenized picture of `SIDE` pixels: as the tokenizer saw it, and with patches marked."""

    item: Item
    plain: Image.Image
    marked: Image.Image


def patch_of(pictures: Sequence[DrawnPicture], kept: Sequence[KeptToken]) -> dict[int, Image.Image]:
    """Return the first patch of each token that stands in one of the pictures, by its id."""
    found: dict[int, Image.Image] = {}
    for token in kept:
        for picture in pictures:
            boxes = boxes_of(picture.item, token)
            if boxes and token.token not in found:
                found[token.token] = picture.plain.crop(boxes[0]).resize((64, 64))
    return found


def contact_sheet(
    title: str, pictures: Sequence[DrawnPicture], kept: Sequence[KeptToken]
) -> Image.Image:
    """Return marked pictures side by side, each above its name, then the patch of each token."""
    columns = max(1, min(4, len(pictures)))
    rows = -(-len(pictures) // columns)
    cell = SIDE + GAP + LINE
    width = GAP + columns * (SIDE + GAP)
    height = 2 * GAP + LINE + rows * cell + LINE * len(kept) + GAP
    sheet = Image.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT)
    draw.text((GAP, GAP), _printable(title), fill="black", font=font)
    for number, picture in enumerate(pictures):
        left = GAP + (number % columns) * (SIDE + GAP)
        top = 2 * GAP + LINE + (number // columns) * cell
        sheet.paste(picture.marked, (left, top))
        draw.text((left, top + SIDE + 4), _printable(picture.item.key), fill="black", font=font)
    top = 2 * GAP + LINE + rows * cell
    patches = patch_of(pictures, kept)
    for place, token in enumerate(kept):
        box = (GAP, top, GAP + LINE - 4, top + LINE - 4)
        draw.rectangle(box, fill=colour_of(place, len(kept)))
        if token.token in patches:
            side = LINE - 3 - 2 * FRAME
            sheet.paste(patches[token.token].resize((side, side)), (GAP + FRAME, top + FRAME))
        counted = f"{token.count} {'patch' if token.count == 1 else 'patches'}, token {token.token}"
        draw.text((GAP + LINE + 6, top + 6), counted, fill="black", font=font)
        top += LINE
    return sheet


def _printable(text: str) -> str:
    """Return a line that Pillow's own font has letters for, short enough for a picture."""
    line = text.encode("ascii", "replace").decode()
    return line if len(line) <= LETTERS else f"...{line[3 - LETTERS :]}"
