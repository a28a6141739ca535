"""A small graph with pictures, cut from world: the size that many people begin with.

    python docs/small_graph.py small-graph

408 entities, about 1,400 facts to learn from, and 250 that are hidden in test.txt. Facts and
pictures are drawn by lot, so that it is as sparse as a young catalogue.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np

from mygo_cli.folders import world_folder
from mygo_cli.graph.reading import read_graph

ENTITIES, FACTS, HIDDEN = 408, 1_644, 0.15


def drawn(seed: int) -> tuple[list[tuple[str, str, str]], list[bool]]:
    """Return facts by id, and which are hidden: their ends both stand in facts that are not."""
    world = read_graph(world_folder())
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(world.entities))[:ENTITIES]
    facts = world.all_triples()
    facts = facts[np.isin(facts[:, 0], chosen) & np.isin(facts[:, 2], chosen)]
    facts = random.permutation(facts)[:FACTS]
    uses = np.bincount(facts[:, (0, 2)].ravel(), minlength=len(world.entities))
    hidden = np.zeros(len(facts), dtype=bool)
    for row, (head, _, tail) in enumerate(facts):
        if hidden.sum() < HIDDEN * len(facts) and head != tail and min(uses[[head, tail]]) > 1:
            hidden[row] = True
            uses[[head, tail]] -= 1
    names, relations = world.entities, world.relations
    return [(names[h], relations[r], names[t]) for h, r, t in facts], hidden.tolist()


def main() -> None:
    """Write the graph into a new folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    facts, hidden = drawn(arguments.seed)
    used = {name for head, _, tail in facts for name in (head, tail)}
    folder.mkdir(parents=True)
    for split, wanted in (("train", False), ("test", True)):
        rows = [fact for fact, hides in zip(facts, hidden, strict=True) if hides is wanted]
        text = "".join("\t".join(fact) + "\n" for fact in rows)
        (folder / f"{split}.txt").write_text(text, encoding="utf-8")
    for table in ("entities.tsv", "descriptions.tsv"):
        lines = (world_folder() / table).read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.split("\t", 1)[0] in used]
        (folder / table).write_text("".join(kept), encoding="utf-8")
    for pictures in sorted((world_folder() / "images").iterdir()):
        if pictures.name in used:
            shutil.copytree(pictures, folder / "images" / pictures.name)


if __name__ == "__main__":
    main()
