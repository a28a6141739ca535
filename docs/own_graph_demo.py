"""Make tables and pictures as people have them, and train on them: docs/own-graph.md.

python docs/own_graph_demo.py [FOLDER] [--epochs 20]

Writes facts.csv (columns in another order, a header in German, Windows line ends), products.csv (a
row a product, several values a cell) and a flat folder of pictures, then runs mygo init, mygo
tokenize and a short mygo train. Takes about a minute on two cores.
"""

from __future__ import annotations

import argparse
import csv
import random
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

COLOURS = {"red": "#c0392b", "blue": "#2c5aa0", "green": "#2e8b57", "yellow": "#e1b000"}
KINDS = ("lamp", "table", "chair", "vase", "box")
MATERIALS = ("oak", "steel", "glass", "clay", "Ø-felt")
MAKERS = ("Nord & Sohn", 'Atelier "Blau"', "北京木器厂", "Casa Lumière")
PRODUCTS = 100
FACTS_HEADER = ("Beziehung", "Ziel", "Quelle")
PRODUCTS_HEADER = ("item no", "title", "about it", "photo", "colours", "materials", "price (EUR)")


def main(words: Sequence[str] | None = None) -> None:
    """Write the tables and pictures, then run the three commands in the same folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("own-graph-demo"))
    parser.add_argument("--epochs", type=int, default=20)
    asked = parser.parse_args(words)
    write_shop(asked.folder, random.Random(0))
    for command in commands(asked.epochs):
        print(f"\n$ {shlex.join(['mygo', *command])}", flush=True)
        subprocess.run([sys.executable, "-m", "mygo_cli", *command], cwd=asked.folder, check=True)


def commands(epochs: int) -> list[list[str]]:
    """Return what to type once the tables are there."""
    lines = (
        "init shop facts.csv products.csv --images pictures --yes",
        "tokenize --data shop",
        f"train --data shop --holdout 0.05 --epochs {epochs} --dim 64 --feed-forward 64 --heads 2",
    )
    return [shlex.split(line) for line in lines]


def write_shop(folder: Path, chance: random.Random) -> None:
    """Write facts.csv, products.csv and pictures/ of a shop where kinds have favourite makers."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    products: list[tuple[str, ...]] = []
    facts: list[tuple[str, ...]] = []
    for number in range(PRODUCTS):
        item, kind = f"A-{number:03}", KINDS[number % len(KINDS)]
        colours = chance.sample(sorted(COLOURS), chance.choice((1, 1, 2)))
        materials = chance.sample(MATERIALS, chance.choice((1, 2)))
        photo = f"{item}.png"
        for place, colour in enumerate(colours):
            name = photo if place == 0 else f"{item}_{place + 1}.jpg"
            draw(kind, COLOURS[colour]).save(folder / "pictures" / name)
        title = f'{colours[0].title()} {kind} "{number}"'
        about = f"A {kind} made of {' and '.join(materials)}, painted {' and '.join(colours)}."
        price = f"{chance.uniform(5, 200):.2f}"
        cells = (title, about, photo, "; ".join(colours), "; ".join(materials), price)
        products.append((item, *cells))
        maker = MAKERS[KINDS.index(kind) % len(MAKERS)]
        facts.append(("made by", maker if chance.random() < 0.9 else chance.choice(MAKERS), item))
        facts.append(("is a", kind, item))
        facts.append(("goes with", f"A-{chance.randrange(PRODUCTS):03}", item))
    draw("box", "#888888").save(folder / "pictures" / "shop-front.png")
    facts += [facts[0], ("made by", "", "A-001")]
    chance.shuffle(facts)
    write_table(folder / "facts.csv", [FACTS_HEADER, *facts])
    write_table(folder / "products.csv", [PRODUCTS_HEADER, *products])


def write_table(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Write CSV as spreadsheets do: with a byte order mark and Windows line ends."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)


def draw(kind: str, colour: str) -> Image.Image:
    """Draw a product: a shape for its kind, in its colour."""
    picture = Image.new("RGB", (64, 64), "white")
    pen = ImageDraw.Draw(picture)
    if kind == "vase":
        pen.ellipse((18, 14, 46, 58), fill=colour)
    elif kind == "lamp":
        pen.polygon(((32, 8), (54, 40), (10, 40)), fill=colour)
        pen.line((32, 40, 32, 60), fill=colour, width=4)
    elif kind == "box":
        pen.rectangle((12, 20, 52, 54), fill=colour)
    else:
        pen.rectangle((10, 26, 54, 34), fill=colour)
        for left in (12, 48):
            pen.rectangle((left, 34, left + 4, 58), fill=colour)
    if kind == "chair":
        pen.rectangle((10, 6, 14, 26), fill=colour)
    return picture


if __name__ == "__main__":
    main()
