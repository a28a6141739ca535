"""Write a graph as large as wanted: python docs/large_graph.py FOLDER --entities 1000000.

Heads are drawn evenly, relations and tails as often as the inverse of their place (Zipf), so that
there are hubs. An entity's text has six common words that hang on its neighbourhood and itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

WORDS = (
    *("river", "city", "small", "old", "north", "green", "stone", "bird", "island", "music"),
    *("water", "light", "town", "red", "house", "tree", "east", "fish", "gold", "road", "sea"),
    *("king", "wind", "snow", "bridge", "salt", "iron", "wood", "south", "field", "horse"),
    *("west", "lake", "sun"),
)
RELATIONS = 200
AT_ONCE = 1_000_000  # lines: bounds the memory


def main() -> None:
    """Write train, valid and test, each without repeats within a part, and descriptions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entities", type=int, default=1_000_000)
    parser.add_argument("--triples", type=int, default=5_000_000)
    given = parser.parse_args()
    random = np.random.default_rng(0)
    given.folder.mkdir(parents=True)
    count = given.entities
    share = 1 / np.arange(1, RELATIONS + 1)
    share /= share.sum()
    for name, lines in (("train", given.triples), ("valid", 2000), ("test", 2000)):
        with (given.folder / f"{name}.txt").open("w") as file:
            for first in range(0, lines, AT_ONCE):
                size = min(AT_ONCE, lines - first)
                head = random.integers(0, count, size)
                relation = random.choice(RELATIONS, size, p=share)
                # Zipf's law by its inverse: place = N ^ u, for u drawn evenly.
                tail = (count ** random.random(size)).astype(np.int64) - 1
                rows = np.unique(np.stack((head, relation, tail), 1), axis=0)
                file.writelines(f"e{h}\tr{r}\te{t}\n" for h, r, t in random.permutation(rows))
    with (given.folder / "descriptions.tsv").open("w") as file:
        for entity in range(count):
            near, own = entity // 1000 % len(WORDS), random.integers(0, len(WORDS), 5)
            file.write(f"e{entity}\t{' '.join(WORDS[word] for word in (near, *own))}\n")


if __name__ == "__main__":
    main()
