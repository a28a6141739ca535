"""What the joint model and each token expert say of facts: what their weights are fitted to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mygo_cli.graph.triples import Triples
from mygo_cli.model.queries import Queries, Questions, ask
from mygo_cli.model.relation_maps import relation_side
from mygo_cli.ranking.filtering import Known, find_known
from mygo_cli.ranking.scorer import block_size

LIKELY, OTHERS = 256, 256  # rivals of each answer: the likeliest of anyone, and some of the rest
Opinions = Callable[[Queries], Tensor]  # scores (B, 1 + E, N), as `Scorer.opinions` gives them


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


def hear(opinions: Opinions, entities: int, train: Triples, facts: Triples) -> Heard:
    """Return what is said of both sides of `facts` (F, 3) among so many entities.

    Other answers among these and the facts to `train` on are no rivals.
    """
    known = np.unique(np.concatenate([train, facts]), axis=0)
    questions = ask(facts, group=False)
    parts = _blocks(opinions, entities, questions, find_known(questions.queries, known))
    return Heard(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _blocks(
    opinions: Opinions, entities: int, questions: Questions, all_known: Known
) -> Iterator[Heard]:
    generator = torch.Generator().manual_seed(0)
    size = max(1, block_size(entities) // 4)  # there are 1 + E scores of each
    for first in range(0, max(1, len(questions)), size):
        rows = slice(first, min(first + size, len(questions)))
        part = questions.part(rows)
        said = opinions(part.queries).cpu()
        start, known = all_known.part(rows)
        owner = torch.repeat_interleave(torch.arange(len(part.answers)), start.diff())
        rivals = said.log_softmax(2).amax(1)
        rivals[owner, known] = -torch.inf
        places, log_count = _candidates(rivals, part.answers, generator)
        side = relation_side(part.queries.relation, part.queries.predict_head)
        yield Heard(_of(said, places), log_count, side, part.triples)


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
