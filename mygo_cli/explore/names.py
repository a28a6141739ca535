"""Entities found while their name is typed: whatever the capitals, accents and underscores."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property

from mygo_cli.graph.knowledge_graph import KnowledgeGraph, folded


def plain(name: str) -> str:
    """Return a name as it is compared: folded, and its letters without their accents."""
    letters = unicodedata.normalize("NFKD", folded(name))
    return " ".join("".join(each for each in letters if not unicodedata.combining(each)).split())


def closeness(typed: str, name: str) -> int | None:
    """Return how well a plain name fits what was typed, 0 best, None where it does not.

    The whole name, its beginning, the beginning of a word in it, anywhere.
    """
    if typed not in name:
        return None
    if name.startswith(typed):
        return 0 if name == typed else 1
    return 2 if f" {typed}" in name else 3


@dataclass(frozen=True, eq=False)
class Names:
    """The ids and display names of a graph."""

    graph: KnowledgeGraph

    @cached_property
    def _plain(self) -> list[tuple[str, ...]]:
        """The distinct plain names of each entity."""
        pairs = zip(self.graph.names, self.graph.entities, strict=True)
        return [tuple(dict.fromkeys(map(plain, pair))) for pair in pairs]

    def search(self, typed: str, most: int) -> list[int]:
        """Return the rows of at most `most` entities that fit, best first, then short ones."""
        typed = plain(typed)
        if not typed:
            return []
        fits = []
        for row, own in enumerate(self._plain):
            found = [fit for name in own if (fit := closeness(typed, name)) is not None]
            if found:
                fits.append((min(found), len(own[0]), own[0], row))
        return [row for *_, row in sorted(fits)[:most]]

    def most_linked(self, most: int) -> list[int]:
        """Return the rows of the entities with the most facts, to begin somewhere."""
        import numpy as np

        facts = self.graph.all_triples()
        counts = np.bincount(facts[:, [0, 2]].ravel(), minlength=len(self.graph.entities))
        order: list[int] = np.argsort(-counts, kind="stable")[:most].tolist()
        return order
