"""What is usual in a graph: which entities have a relation, and whether once; learnt or stated.

An entity plays a *role* in a fact: head or tail of its relation. The cell of an entity and a role
is blank where no fact has the entity in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Numbers
from mygo_cli.model.queries import Queries

Shares = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

USUAL = 0.5  # a role that as many of its like play is asked about
POSSIBLE = 0.05  # what so few of its like play, an entity does not
NEARLY_EVERY = 0.95
FEWEST = 10  # of fewer, that each has one may be chance
KEPT_ROLES = 64  # a block of questions has few


@dataclass(frozen=True)
class Stated:
    """What a person says of a relation, None for what is to be learnt.

    `domain` and `range` are kinds of `entities.tsv` that its heads and tails have. `functional`: a
    head has one tail; `inverse_functional`: a tail has one head.
    """

    domain: tuple[str, ...] | None = None
    range: tuple[str, ...] | None = None
    functional: bool | None = None
    inverse_functional: bool | None = None


class Schema:
    """The roles of a graph's known facts, 2M of them: r is head of relation r, M + r its tail."""

    def __init__(self, graph: KnowledgeGraph, stated: Mapping[int, Stated] | None = None) -> None:
        self.entities, self.relations = len(graph.entities), len(graph.relations)
        self.stated = stated or {}
        self._kinds = np.array(graph.kinds, dtype=object)
        head, relation, tail = graph.all_triples().T
        entity = np.concatenate([head, tail])
        role = np.concatenate([relation, relation + self.relations])
        cells, facts = np.unique(role * self.entities + entity, return_counts=True)
        self._role, self._entity = np.divmod(cells, max(1, self.entities))
        self._players = np.bincount(self._role, minlength=2 * self.relations)
        self._roles = np.bincount(self._entity, minlength=self.entities)
        self.single = self._single(facts)
        self._able = lru_cache(KEPT_ROLES)(self._may_play)
        self._log_usual = lru_cache(KEPT_ROLES)(self._log_of_usual)

    def _single(self, facts: np.ndarray[Any, np.dtype[np.int64]]) -> Flags:
        """Return which roles nearly every player plays in one fact, bool (2M,)."""
        once = np.bincount(self._role[facts == 1], minlength=2 * self.relations)
        single: Flags = (once >= NEARLY_EVERY * self._players) & (self._players >= FEWEST)
        for relation, said in self.stated.items():
            for role, claim in (
                (relation, said.functional),
                (relation + self.relations, said.inverse_functional),
            ):
                single[role] = single[role] if claim is None else claim
        return single

    def plays(self, role: int) -> Flags:
        """Return which entities play a role in a known fact, bool (N,)."""
        found: Flags = np.zeros(self.entities, dtype=bool)
        found[self._entity[self._role == role]] = True
        return found

    def usual(self, role: int) -> Shares:
        """Return how usual a role is for each entity's like, 0 to 1, float64 (N,).

        The mean, over the roles that the entity plays, of the share of their players that play this
        one too; 1 and 0 where kinds are stated.
        """
        if (kinds := self._kinds_of(role)) is not None:
            return np.isin(self._kinds, kinds).astype(np.float64)
        playing = self.plays(role)[self._entity]
        both = np.bincount(self._role[playing], minlength=2 * self.relations)
        share = both / np.maximum(self._players, 1)
        total = np.bincount(self._entity, share[self._role], minlength=self.entities)
        found: Shares = total / np.maximum(self._roles, 1)
        return found

    def _kinds_of(self, role: int) -> list[str] | None:
        said = self.stated.get(role % max(1, self.relations), Stated())
        kinds = said.domain if role < self.relations else said.range
        return None if kinds is None else list(kinds)

    def _may_play(self, role: int) -> Tensor:
        """Return which entities may take a role in a new fact, bool (N,).

        Those that take it or whose like do; where it is played once, only who does not yet.
        """
        able, plays = self.usual(role) >= POSSIBLE, self.plays(role)
        if self._kinds_of(role) is None:
            able |= plays
        return torch.from_numpy(able & ~plays if self.single[role] else able)

    def blanks(self) -> Queries:
        """Return a question for each blank cell of a usual role, those for tails first.

        A relation that has one tail a head is asked for tails alone, else one with one head a tail
        for heads alone: so no entity is given two.
        """
        parts = []
        for role in range(2 * self.relations):
            if not self._asked_from_the_other_side(role):
                blank = (self.usual(role) >= USUAL) & ~self.plays(role)
                rows = torch.from_numpy(np.flatnonzero(blank))
                side, relation = divmod(role, self.relations)
                parts.append(
                    (rows, torch.full_like(rows, relation), torch.full_like(rows, side).bool())
                )
        return Queries(*(torch.cat(columns) for columns in zip(*parts, strict=True)))

    def _asked_from_the_other_side(self, role: int) -> bool:
        other = self._other(role)
        return bool(self.single[other] and not (self.single[role] and role < other))

    def weigh(self, plausibility: Tensor, queries: Queries) -> None:
        """Make log-plausibilities (B, N) of answers those of answers to blank cells, in place.

        How usual the role is for the entity asked about counts as the probability that there is an
        answer. Answers that cannot take their role get -inf, and where there is one answer, so do
        all but the best; where an answer is that of one question, so do all but its best.
        """
        roles = queries.relation + self.relations * queries.predict_head
        for role in roles.unique().tolist():
            rows = (roles == role).nonzero()[:, 0]
            able = self._able(self._other(role)).to(plausibility.device)
            usual = self._log_usual(role)[queries.entity[rows]].to(plausibility.device)
            rows = rows.to(plausibility.device)
            part = (plausibility[rows] + usual[:, None]).masked_fill(~able, -torch.inf)
            if self.single[role]:
                part = _best_alone(part, 1)
                if self.single[self._other(role)]:
                    part = _best_alone(part, 0)
            plausibility[rows] = part

    def claims(self, keys: Numbers) -> Numbers:
        """Return what only one fact may claim, a number for each of K fact keys, -1 for nothing.

        Where heads have one tail and tails one head, that is the tail: `weigh` sees to it among
        the questions of a block.
        """
        pair, tail = np.divmod(keys, max(1, self.entities))
        relation = pair % max(1, self.relations)
        both = self.single[: self.relations] & self.single[self.relations :]
        claimed: Numbers = np.where(both[relation], relation * self.entities + tail, -1)
        return claimed

    def _log_of_usual(self, role: int) -> Tensor:
        return torch.from_numpy(self.usual(role)).log()

    def _other(self, role: int) -> int:
        """Return the other role of the same relation."""
        return (role + self.relations) % (2 * self.relations)


def _best_alone(part: Tensor, dim: int) -> Tensor:
    """Return -inf for all but the first best along a dimension."""
    best = part.argmax(dim, keepdim=True)
    return torch.full_like(part, -torch.inf).scatter(dim, best, part.gather(dim, best))
