"""A dataset folder of 20 entities with small pictures, its token caches, and `mygo` itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from token_fakes import Grey, Letters, tokenize

from mygo_cli.graph.reading import read_graph
from mygo_cli.tokenizing.job import Job

COUNTRIES = (
    *("kenya", "japan", "peru", "iceland", "fiji", "oman", "chad", "cuba", "togo", "mali"),
    *("new_zealand", "south_korea"),
)
CROPS = ("coffee", "tea", "rice", "maize", "beans", "dates", "cocoa", "cotton")

# A small and quick model; `mygo train` takes these as options.
SIZES = {
    "dim": 8,
    "feed-forward": 12,
    "heads": 2,
    "epochs": 3,
    "batch-size": 32,
    "evaluate-every": 1,
    "contrastive-entities": 12,
    "image-tokens": 3,
    "text-tokens": 3,
    "device": "cpu",
}
QUICK = [word for name, value in SIZES.items() for word in (f"--{name}", str(value))]


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str


def all_triples(seed: int = 0) -> list[tuple[str, str, str]]:
    """Return about a hundred facts in random order."""
    random = np.random.default_rng(seed)
    facts = set()
    for country in COUNTRIES:
        facts |= {(country, "grows", str(crop)) for crop in random.choice(CROPS, 3, False)}
        for other in random.choice(COUNTRIES, 4, False):
            if other != country:
                facts |= {(country, "borders", str(other)), (country, "likes", str(other))}
    return [sorted(facts)[place] for place in random.permutation(len(facts))]


def write_split(path: Path, facts: list[tuple[str, str, str]]) -> None:
    """Write one file of triples."""
    path.write_text("".join("\t".join(fact) + "\n" for fact in facts), encoding="utf-8")


def write_world(folder: Path, seed: int = 0) -> Path:
    """Write a dataset folder; half of the entities have pictures, two thirds a description."""
    folder.mkdir(parents=True)
    facts = all_triples(seed)
    write_split(folder / "test.txt", facts[:10])
    write_split(folder / "valid.txt", facts[10:20])
    write_split(folder / "train.txt", facts[20:])
    kinds = [(name, "country") for name in COUNTRIES] + [(name, "crop") for name in CROPS]
    (folder / "entities.tsv").write_text(
        "".join(f"{name}\t{name.replace('_', ' ').title()}\t{kind}\n" for name, kind in kinds)
    )
    random = np.random.default_rng(seed)
    with (folder / "descriptions.tsv").open("w") as file:
        for number, (name, kind) in enumerate(kinds):
            if number % 3:
                file.write(f"{name}\tThe {kind} that is called {name}.\n")
            if number % 2:
                place = folder / "images" / name / "1.png"
                place.parent.mkdir(parents=True)
                Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(place)
    return folder


def write_caches(caches: Path, world: Path) -> Path:
    """Tokenize the modalities that a folder has with the small tokenizers."""
    graph = read_graph(world)
    if any(graph.pictures()):
        tokenize(graph, Grey(), Job(caches, workers=1), backend="grey")
    tokenize(graph, Letters(), Job(caches), backend="letters")
    return caches
