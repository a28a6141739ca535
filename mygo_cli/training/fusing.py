"""Fitting how much each token expert counts, on facts that training does not see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.leaks import spared_rows, validation_leak
from mygo_cli.graph.triples import Triples
from mygo_cli.model.fusion import Experts, fit_weights
from mygo_cli.model.queries import Questions, ask
from mygo_cli.model.relation_maps import relation_side
from mygo_cli.ranking.filtering import Known, find_known
from mygo_cli.ranking.scorer import Scorer, block_size

SHARE, MOST = 0.05, 4000  # facts that the weights are fitted to
LIKELY, OTHERS = 256, 256  # rivals of each answer: the likeliest of anyone, and some of the rest


class Held(NamedTuple):
    """The facts to train on, `train` (T, 3), and those that weights are fitted to, `facts` (F, 3).

    `half` (F,) says whether the row of each in the validation split is even (0) or odd (1); it is
    None where they were cut from train.
    """

    train: Triples
    facts: Triples
    half: Tensor | None


def hold_out(graph: KnowledgeGraph, seed: int) -> Held:
    """Return what to train on, and what the weights are fitted to.

    The validation split, drawn as the test split is, says best whom to trust. Where there is none,
    or train knows it, some facts are cut from train: none is the last of an entity or relation, nor
    of a pair with another fact, which would tell who answers. A tiny graph may yield none.
    """
    if len(graph.valid) and not validation_leak(graph).serious:
        some = np.sort(np.random.default_rng(seed).permutation(len(graph.valid))[:MOST])
        return Held(graph.train, graph.valid[some], torch.from_numpy(some % 2))
    wanted = min(MOST, round(SHARE * len(graph.train)))
    rows = spared_rows(graph, wanted, seed) if wanted else np.zeros(0, dtype=np.int64)
    pairs = np.sort(graph.train[:, (0, 2)], axis=1)
    _, pair, count = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    held = rows[count[pair.reshape(-1)[rows]] == 1]
    kept = np.setdiff1d(np.arange(len(graph.train)), held)
    return Held(graph.train[kept], graph.train[held], None)


class Heard(NamedTuple):
    """What everyone says of Q questions: `opinions` (Q, 1 + E, K), the answer the first candidate.

    `log_count` (Q, K) is the log of what each candidate stands for, `side` (Q,) the relation and
    side asked, `fact` (Q,) the held-out fact that answers.
    """

    opinions: Tensor
    log_count: Tensor
    side: Tensor
    fact: Tensor

    def of(self, facts: Tensor) -> Heard:
        """Return the questions that some of the F held-out facts answer, `facts` (F,) bool."""
        return Heard(*(part[facts[self.fact]] for part in self))


def fuse(experts: Experts | None, heard: Heard | None, facts: Tensor | None = None) -> None:
    """Fit the weights of the experts to what was heard of `facts` (F,) bool, None for all.

    Where there is nothing to fit to, they stay as they are.
    """
    if experts is None or heard is None:
        return
    some = heard if facts is None else heard.of(facts)
    if len(some.side):
        experts.weights.copy_(fit_weights(*some[:3], len(experts.weights)))


def hear(scorer: Scorer, held: Held) -> Heard:
    """Return what joint model and experts say of both sides of the held-out facts.

    Other answers among these and the facts to train on are no rivals.
    """
    facts = np.unique(np.concatenate([held.train, held.facts]), axis=0)
    questions = ask(held.facts, group=False)
    parts = list(_blocks(scorer, questions, find_known(questions.queries, facts)))
    return Heard(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _blocks(scorer: Scorer, questions: Questions, all_known: Known) -> Iterator[Heard]:
    generator = torch.Generator().manual_seed(0)
    size = max(1, block_size(len(scorer.entities)) // 4)  # there are 1 + E scores of each
    for first in range(0, max(1, len(questions)), size):
        rows = slice(first, min(first + size, len(questions)))
        part = questions.part(rows)
        opinions = scorer.opinions(part.queries).cpu()
        start, known = all_known.part(rows)
        owner = torch.repeat_interleave(torch.arange(len(part.answers)), start.diff())
        rivals = opinions.log_softmax(2).amax(1)
        rivals[owner, known] = -torch.inf
        places, log_count = _candidates(rivals, part.answers, generator)
        side = relation_side(part.queries.relation, part.queries.predict_head)
        yield Heard(_of(opinions, places), log_count, side, part.triples)


def _of(opinions: Tensor, places: Tensor) -> Tensor:
    return opinions.gather(2, places[:, None].expand(-1, opinions.shape[1], -1))


def _candidates(
    rivals: Tensor, answers: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return places of candidates (B, K), the answer first, and the log of what each stands for.

    `rivals` (B, N) says how likely anyone thinks each, -inf for what is none. The likeliest stand
    for themselves; some drawn from the others stand for all of these. Without them an answer that
    nobody expects would look as if every opinion spoke against it.
    """
    rivals = rivals.scatter(1, answers[:, None], -torch.inf)
    first = rivals.topk(min(LIKELY, rivals.shape[1]), dim=1)
    others = rivals.scatter(1, first.indices, -torch.inf) > -torch.inf
    lots = torch.rand(rivals.shape, generator=generator).masked_fill(~others, -1)
    drawn = lots.topk(min(OTHERS, rivals.shape[1]), dim=1)
    share = others.sum(1, keepdim=True) / (drawn.values >= 0).sum(1, keepdim=True).clamp(min=1)
    log_count = torch.cat(
        (
            torch.zeros(len(answers), 1),
            torch.where(first.values > -torch.inf, 0.0, -torch.inf),
            torch.where(drawn.values >= 0, share.log(), -torch.inf),
        ),
        dim=1,
    )
    return torch.cat((answers[:, None], first.indices, drawn.indices), 1), log_count
