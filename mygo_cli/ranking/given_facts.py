"""Facts that are given whole: how well a model thinks of them, asked from both of their sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mygo_cli.device import Portion
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Triples
from mygo_cli.model.queries import Queries
from mygo_cli.progress import Progress, silent
from mygo_cli.ranking.filtering import Known, find_known, hide_asked, loop_relations
from mygo_cli.ranking.ranks import check_finite, count_known_rivals, count_rivals, ranks


class Side(NamedTuple):
    """What a model says of T answers, each to a question of its own, all (T,) on the CPU.

    The decoder's `score`, float32; the natural logarithms of the `probability` that `mygo rank`
    shows and of the plausibility of docs/completion.md, float64; `rank`, float64, among all
    entities, other known answers left out, ties counted realistically.
    """

    score: Tensor
    log_probability: Tensor
    log_plausibility: Tensor
    rank: Tensor

    @property
    def probability(self) -> Tensor:
        """The softmax of the scores at the answers, (T,)."""
        return self.log_probability.exp()


class Judged(NamedTuple):
    """T facts from both sides: `tail` asked (head, relation, ?), `head` (?, relation, tail)."""

    tail: Side
    head: Side

    @property
    def log_plausibility(self) -> Tensor:
        """The mean of both sides' (T,): unlike scores it compares between questions."""
        return (self.tail.log_plausibility + self.head.log_plausibility) / 2


_NOTHING = Side(torch.zeros(0), *torch.zeros(3, 0, dtype=torch.float64))


def judge_facts(
    score: Callable[[Queries], Tensor],
    graph: KnowledgeGraph,
    triples: Triples,
    batch_size: int,
    progress: Progress = silent,
) -> Judged:
    """Return what a model says of `triples` (T, 3), known or not, `batch_size` at a time.

    Where memory runs out, half as many are asked at once, and a warning says so. Raises
    `MygoError` for a score that is not a finite number.
    """
    head, relation, tail = torch.from_numpy(np.ascontiguousarray(triples)).long().unbind(1)
    facts, count = graph.all_triples(), len(triples)
    loops = loop_relations(facts, len(graph.relations))
    portion = Portion(batch_size, "questions")
    sides = []
    for entity, answers, asks_head in ((head, tail, False), (tail, head, True)):
        queries = Queries(entity, relation, torch.full((count,), asks_head))
        asked = _Asked(queries, answers, find_known(queries, facts), loops)
        blocks, first = [_NOTHING], 0
        while first < count:
            blocks.append(portion.attempt(partial(asked.judge, score, first, portion)))
            first += len(blocks[-1].score)
            progress("score", first + asks_head * count, 2 * count)
        sides.append(Side(*(torch.cat(column) for column in zip(*blocks, strict=True))))
    return Judged(*sides)


def tail_scores(score: Callable[[Queries], Tensor], triples: Triples, batch_size: int) -> Tensor:
    """Return the score of each tail asked (head, relation, ?) and nothing more, float32 (T,).

    Raises `MygoError` for a score that is not a finite number.
    """
    found = [torch.zeros(0)]
    for rows in torch.from_numpy(triples).split(batch_size) if len(triples) else ():
        head, relation, tail = rows.unbind(1)
        scores = score(Queries(head, relation, torch.zeros(len(rows), dtype=torch.bool)))
        check_finite(scores)
        found.append(scores[torch.arange(len(rows)), tail].cpu())
    return torch.cat(found)


@dataclass(frozen=True)
class _Asked:
    """T `queries` with an answer each (T,), what is `known` of them, and relations with `loops`."""

    queries: Queries
    answers: Tensor
    known: Known
    loops: Tensor

    def judge(self, score: Callable[[Queries], Tensor], first: int, portion: Portion) -> Side:
        """Return what is said of the answers from number `first` on, of so many."""
        block = slice(first, min(first + portion.size, len(self.answers)))
        queries, answers, known = (
            self.queries.at(block),
            self.answers[block],
            self.known.part(block),
        )
        scores = score(queries).cpu()
        check_finite(scores)
        rows = torch.arange(len(scores))
        rivals = torch.stack(count_rivals(scores, rows, answers))
        rivals -= torch.stack(count_known_rivals(scores, rows, answers, *known))
        logs = _log_probability(scores, queries, answers, self.loops)
        answered = known.start.diff().clamp(min=1).double().log()
        return Side(scores[rows, answers], logs, logs + answered, ranks(*rivals))


def _log_probability(scores: Tensor, queries: Queries, answers: Tensor, loops: Tensor) -> Tensor:
    """Return the log-softmax (B,) of `answers` (B,) in scores (B, N), float64.

    As in `predict` the entity that was asked about is no candidate where its relation has no
    `loops`, unless it is what was given as the answer.
    """
    rows, values = torch.arange(len(scores)), scores.double()
    own = values[rows, answers]
    hide_asked(values, queries, loops)
    values[rows, answers] = own
    return own - values.logsumexp(1)
