"""The most plausible unknown facts of a graph: every open question, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mygo_cli.completion.schema import Schema
from mygo_cli.device import Portion
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Array, Numbers
from mygo_cli.model.queries import Queries, triples_of
from mygo_cli.ranking.filtering import (
    Known,
    find_known,
    find_linked,
    hide_asked,
    hide_known,
    loop_relations,
)
from mygo_cli.ranking.ranks import check_finite

ENTRIES_AT_ONCE = 1 << 20  # scores looked through at once: what a cache holds


class Facts(NamedTuple):
    """K facts in columns, all (K,).

    `key` int64 as `KnowledgeGraph.fact_keys` gives it; the natural logarithms of plausibility and
    probability, float64; the decoder's `score`, float32; `asked_head` bool, the side that the
    question had asked for.
    """

    key: Array
    log_plausibility: Array
    log_probability: Array
    score: Array
    asked_head: Array

    def rows(self, chosen: Array) -> Facts:
        """Return the facts in the rows `chosen`, in that order."""
        return Facts(*(column[chosen] for column in self))


class Rules(NamedTuple):
    """What new facts must be: `unlinked` ones join entities that no known fact joins, those of a
    `schema` fill its blank cells and are as plausible as `Schema.weigh` says.
    """

    unlinked: bool = False
    schema: Schema | None = None

    @property
    def claims(self) -> Callable[[Numbers], Numbers] | None:
        """What says which facts exclude each other, None where none do."""
        return None if self.schema is None else self.schema.claims


NO_RULES = Rules()
NO_FACTS = Facts(*(np.zeros(0, kind) for kind in ("i8", "f8", "f8", "f4", "?")))


class TopFacts:
    """The best `limit` facts of all that were offered, by plausibility, then by key.

    A fact that was offered from both sides is kept as its more plausible offer, from the tail's
    side if they are equal, and of facts with the same one of the `claims` the best. Holds about
    twice `limit` facts and one offer.
    """

    def __init__(
        self,
        limit: int,
        facts: Facts = NO_FACTS,
        claims: Callable[[Numbers], Numbers] | None = None,
    ) -> None:
        self.limit = limit
        self._best = facts
        self._claims = claims
        self._offers: list[Facts] = []

    @property
    def floor(self) -> float:
        """Return the log-plausibility below which no offer can matter any more."""
        full = len(self._best.key) == self.limit
        return float(self._best.log_plausibility[-1]) if full else -np.inf

    def promising(self, log_plausibility: Tensor) -> tuple[Tensor, Tensor]:
        """Return rows and columns of the offers (B, N) that may be among the best.

        The offers are of different facts, -inf for none. Equals of the last one are kept: their
        keys decide.
        """
        least = max(self.floor, torch.finfo(log_plausibility.dtype).min)  # -inf is no offer
        wanted = log_plausibility >= least
        values = log_plausibility[wanted]
        if len(values) > self.limit:
            wanted &= log_plausibility >= values.topk(self.limit).values[-1]
        rows, columns = wanted.nonzero(as_tuple=True)
        return rows, columns

    def offer(self, facts: Facts) -> None:
        """Take in facts; they may be on the list already."""
        self._offers.append(facts)
        if sum(len(offer.key) for offer in self._offers) >= self.limit:
            self._settle()

    def best(self) -> Facts:
        """Return the best facts so far, best first."""
        self._settle()
        return self._best

    def _settle(self) -> None:
        columns = zip(self._best, *self._offers, strict=True)
        everything = Facts(*(np.concatenate(parts) for parts in columns))
        found = _distinct(everything)
        if self._claims is not None:
            claimed = self._claims(found.key)
            alone = claimed < 0
            alone[np.unique(claimed, return_index=True)[1]] = True
            found = found.rows(np.flatnonzero(alone))
        self._best, self._offers = found.rows(np.arange(min(self.limit, len(found.key)))), []


def _distinct(facts: Facts) -> Facts:
    """Return the distinct facts, best first."""
    # By fact, its best offer first: then the first of each fact, which are in the order of keys.
    found = facts.rows(np.lexsort((facts.asked_head, -facts.log_plausibility, facts.key)))
    fresh = np.ones(len(found.key), dtype=bool)
    fresh[1:] = found.key[1:] != found.key[:-1]
    found = found.rows(np.flatnonzero(fresh))
    return found.rows(np.argsort(-found.log_plausibility, kind="stable"))


def complete(
    score: Callable[[Queries], Tensor],
    graph: KnowledgeGraph,
    queries: Queries,
    top: TopFacts,
    portion: Portion,
    first: int = 0,
    rules: Rules = NO_RULES,
) -> Iterator[int]:
    """Ask `queries` from number `first` on and offer every fact they lead to to `top`.

    The queries that ask for tails come first. Yields the number of the next query after each block
    of at most `portion.size`. Known facts of any split are left out, and so is the entity asked
    about, unless the relation has loops, and what breaks the `rules`. The plausibility of an answer
    is its probability, the softmax of the scores over all entities, times the number of answers
    that the graph holds to the question, 1 if it holds none.
    Raises `MygoError` for a score that is not a finite number.
    """
    facts = graph.all_triples()
    known, loops = find_known(queries, facts), loop_relations(facts, len(graph.relations))
    linked = find_linked(queries, facts) if rules.unlinked else None
    tails = int((~queries.predict_head).sum())
    while first < len(queries.entity):
        # A block asks for one side, so that it leads to no fact twice.
        end = tails if first < tails else len(queries.entity)
        scores = portion.attempt(partial(_ask, score, queries, first, end, portion))
        check_finite(scores)
        step = max(1, ENTRIES_AT_ONCE // scores.shape[1])
        for start in range(0, len(scores), step):
            part = slice(start, min(start + step, len(scores)))
            rows = slice(first + part.start, first + part.stop)
            asked = queries.at(rows)
            beliefs = believe(scores[part], asked, loops, known.part(rows))
            if linked is not None:
                hide_known(beliefs.scores, linked.part(rows))
            # Where a question's best answer is too bad none of it is looked at again.
            able = (beliefs.best() >= top.floor).nonzero()[:, 0]
            if len(able):
                few = beliefs.at(able), asked.at(able.cpu())
                top.offer(_promising(top, *few, rules.schema, graph))
        first += len(scores)
        yield first


def _ask(
    score: Callable[[Queries], Tensor], queries: Queries, first: int, end: int, portion: Portion
) -> Tensor:
    """Return the scores (B, N) of the queries from `first` on, of all before `end` at most."""
    rows = slice(first, min(first + portion.size, end))
    scores = score(queries.at(rows))
    return scores.cpu() if scores.device.type == "mps" else scores  # which has no float64


class Beliefs(NamedTuple):
    """What is believed of the answers to B questions, all on one device.

    `scores` (B, N) float32, -inf for what is no new fact; the natural logarithms of the sum of
    exp(score) over all candidates, `total`, and of how many answers are known, at least one,
    `known`: both (B, 1) float64.
    """

    scores: Tensor
    total: Tensor
    known: Tensor

    def at(self, rows: Tensor) -> Beliefs:
        """Return what is believed of some of the questions."""
        return Beliefs(*(part[rows] for part in self))

    def log_probability(self) -> Tensor:
        """Return the softmax of the scores (B, N) as logarithms, float64, -inf as in `scores`."""
        return self.scores.double() - self.total

    def best(self) -> Tensor:
        """Return the log-plausibility of the best answer to each question, (B,) float64."""
        best = self.scores.amax(1, keepdim=True).double() - self.total + self.known
        return best[:, 0]


def believe(scores: Tensor, queries: Queries, loops: Tensor, known: Known) -> Beliefs:
    """Return what scored answers (B, N) are worth, those that are no new fact hidden.

    No new facts are the answers that are `known`, and the entity asked about where its relation has
    no `loops`; only the latter is no candidate of the softmax.
    """
    scores = scores.clone()
    hide_asked(scores, queries, loops)
    # In float32, as the scores are: a sum of thousands in float64 takes as long as many of them.
    most = scores.amax(1, keepdim=True).nan_to_num(neginf=0.0)
    total = most.double() + (scores - most).exp_().sum(1, keepdim=True).double().log()
    hide_known(scores, known)
    answered = known.start.diff().clamp(min=1).double().log()[:, None]
    return Beliefs(scores, total.nan_to_num(neginf=0.0), answered.to(scores.device))


def _promising(
    top: TopFacts, beliefs: Beliefs, queries: Queries, schema: Schema | None, graph: KnowledgeGraph
) -> Facts:
    """Return the facts among believed answers that may be among the best."""
    probability = beliefs.log_probability()
    plausibility = probability + beliefs.known
    if schema is not None:
        schema.weigh(plausibility, queries)
    rows, entities = top.promising(plausibility)
    asked = queries.at(rows.cpu())
    return Facts(
        graph.fact_keys(triples_of(asked, entities.cpu()).numpy()),
        plausibility[rows, entities].cpu().numpy(),
        probability[rows, entities].cpu().numpy(),
        beliefs.scores[rows, entities].cpu().numpy(),
        asked.predict_head.numpy(),
    )
