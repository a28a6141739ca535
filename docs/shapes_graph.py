"""A graph of small shapes on white paper: pictures that are mostly background, yet tell something.

    python docs/shapes_graph.py shapes

300 items with a picture of 128 x 128 pixels each, a shape of 18 to 43 pixels somewhere on it. The
facts are its shape, its colour, who made it (which 9 times in 10 follows from both), and two other
items that it stands beside (by lot, so that nothing tells). A fifth of them is in test.txt, a tenth
in valid.txt.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

ITEMS, SIDE = 300, 128
SHAPES = ("circle", "square", "triangle", "star", "cross", "ring")
COLOURS = {
    "red": (210, 30, 30),
    "green": (30, 150, 60),
    "blue": (40, 60, 200),
    "yellow": (235, 200, 30),
    "purple": (130, 40, 160),
    "orange": (240, 130, 20),
    "black": (25, 25, 25),
    "grey": (140, 140, 140),
}
MAKERS = 12


def drawn(shape: str, colour: str, size: int, x: int, y: int) -> Image.Image:
    """Return a picture of a shape in the square of `size` pixels at (x, y)."""
    picture = Image.new("RGB", (SIDE, SIDE), "white")
    draw, fill = ImageDraw.Draw(picture), COLOURS[colour]
    box, centre = (x, y, x + size, y + size), (x + size / 2, y + size / 2)
    if shape == "circle":
        draw.ellipse(box, fill=fill)
    elif shape == "ring":
        draw.ellipse(box, outline=fill, width=max(3, size // 6))
    elif shape == "square":
        draw.rectangle(box, fill=fill)
    elif shape == "triangle":
        draw.polygon([(centre[0], y), (x + size, y + size), (x, y + size)], fill=fill)
    elif shape == "cross":
        arm = size // 6
        draw.rectangle((centre[0] - arm, y, centre[0] + arm, y + size), fill=fill)
        draw.rectangle((x, centre[1] - arm, x + size, centre[1] + arm), fill=fill)
    else:
        radii = [size / 2 * (0.4 if corner % 2 else 1) for corner in range(10)]
        turns = [corner * math.pi / 5 for corner in range(10)]
        corners = zip(radii, turns, strict=True)
        draw.polygon(
            [(centre[0] + r * math.sin(t), centre[1] - r * math.cos(t)) for r, t in corners],
            fill=fill,
        )
    return picture


def main() -> None:
    """Write the graph into a new folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True)
    random, colours = np.random.default_rng(0), list(COLOURS)
    facts = []
    for number in range(ITEMS):
        shape, colour = int(random.integers(len(SHAPES))), int(random.integers(len(colours)))
        size = int(random.integers(18, 44))
        x, y = (int(random.integers(0, SIDE - 1 - size)) for _ in range(2))
        item = f"item_{number}"
        (folder / "images" / item).mkdir(parents=True)
        picture = drawn(SHAPES[shape], colours[colour], size, x, y)
        picture.save(folder / "images" / item / "0.png")
        usual = random.random() < 0.9
        maker = (2 * shape + colour // 4) % MAKERS if usual else random.integers(MAKERS)
        facts += [
            (item, "has_shape", SHAPES[shape]),
            (item, "has_colour", colours[colour]),
            (item, "made_by", f"maker_{maker}"),
        ]
        facts += [(item, "stands_beside", f"item_{random.integers(ITEMS)}") for _ in range(2)]
    mixed = [facts[row] for row in random.permutation(len(facts))]
    fifth, tenth = len(facts) // 5, len(facts) // 10
    splits = {
        "test": mixed[:fifth],
        "valid": mixed[fifth : fifth + tenth],
        "train": mixed[fifth + tenth :],
    }
    for split, rows in splits.items():
        text = "".join("\t".join(fact) + "\n" for fact in rows)
        (folder / f"{split}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
