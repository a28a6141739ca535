"""Who keeps the same tokens as an entity: rare ones, which few entities have, say most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mygo_cli.graph.triples import Array
from mygo_cli.tokens.selection import TokenTable

Holders = dict[int, int]  # how many entities keep a token, by its id


@dataclass(frozen=True)
class Neighbour:
    """Another entity, by its row, and the token ids that it shares, by modality, rarest first.

    `weight` is the sum over the shared tokens of the log of how many times more entities have
    tokens at all than keep that one, as inverse document frequency counts words.
    """

    row: int
    weight: float
    shared: dict[str, list[int]]


def neighbours(tables: Mapping[str, TokenTable], row: int, most: int = 8) -> list[Neighbour]:
    """Return the entities that share most with that in `row`, the nearest first.

    `tables` are the kept tokens by modality, all of the same entities. Those that share nothing
    are left out, and tokens that everyone keeps count nothing.
    """
    views = {name: _SharedTokens.of(table, row) for name, table in tables.items()}
    if not views:
        return []
    weight = np.sum([view.has @ view.weights for view in views.values()], axis=0)
    weight[row] = 0
    nearest = np.argsort(-weight, kind="stable")[:most].tolist()
    return [
        Neighbour(
            other, float(weight[other]), {name: view.shared(other) for name, view in views.items()}
        )
        for other in nearest
        if weight[other] > 0
    ]


def holders(table: TokenTable, row: int) -> Holders:
    """Return how many entities keep each token that the entity in `row` keeps."""
    view = _SharedTokens.of(table, row)
    return dict(zip(view.tokens.tolist(), view.has.sum(0).tolist(), strict=True))


@dataclass(frozen=True)
class _SharedTokens:
    """The k tokens of one entity: their ids (k,), who else `has` each, bool (E, k), `weights`."""

    tokens: Array
    has: Array
    weights: Array

    @classmethod
    def of(cls, table: TokenTable, row: int) -> _SharedTokens:
        own = table.ids[row][table.mask[row]]
        columns = [((table.ids == token) & table.mask).any(1) for token in own]
        has = np.stack(columns, 1) if columns else np.zeros((len(table.ids), 0), dtype=bool)
        covered = max(1, int(table.mask.any(1).sum()))
        return cls(table.vocabulary[own], has, np.log(covered / np.maximum(1, has.sum(0))))

    def shared(self, other: int) -> list[int]:
        found = np.flatnonzero(self.has[other])
        rarest = found[np.argsort(-self.weights[found], kind="stable")]
        return [int(token) for token in self.tokens[rarest]]
