"""Fitting how much each token expert counts, on facts that training does not see."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.leaks import spared_rows, validation_leak
from mygo_cli.graph.triples import Triples
from mygo_cli.model.fusion import fit_weights
from mygo_cli.model.queries import ask
from mygo_cli.model.relation_maps import relation_side
from mygo_cli.ranking.filtering import find_known
from mygo_cli.ranking.scorer import Scorer, block_size

SHARE, MOST = 0.05, 4000  # facts that the weights are fitted to
LIKELY, OTHERS = 256, 256  # rivals of each answer: the likeliest of anyone, and some of the rest


def fusion_facts(graph: KnowledgeGraph, seed: int) -> tuple[Triples, Triples]:
    """Return the facts to train on and those that the weights are fitted to, both (T, 3).

    The validation split, drawn as the test split is, says best whom to trust. Where there is none,
    or train knows it, some facts are cut from train: none is the last of an entity or relation, nor
    of a pair with another fact, which would tell who answers. A tiny graph may yield none.
    """
    if len(graph.valid) and not validation_leak(graph).serious:
        some = np.random.default_rng(seed).permutation(len(graph.valid))[:MOST]
        return graph.train, graph.valid[np.sort(some)]
    wanted = min(MOST, round(SHARE * len(graph.train)))
    rows = spared_rows(graph, wanted, seed) if wanted else np.zeros(0, dtype=np.int64)
    pairs = np.sort(graph.train[:, (0, 2)], axis=1)
    _, pair, count = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    held = rows[count[pair.reshape(-1)[rows]] == 1]
    kept = np.setdiff1d(np.arange(len(graph.train)), held)
    return graph.train[kept], graph.train[held]


def fuse(scorer: Scorer, held: Triples, known: Triples) -> None:
    """Fit the weights of the scorer's experts to the facts `held`, both sides asked.

    Other answers among the `known` facts are no rivals.
    """
    experts = scorer.model.experts
    if experts is None or not len(held):
        return
    opinions, log_count, side = map(torch.cat, zip(*_asked(scorer, held, known), strict=True))
    experts.weights.copy_(fit_weights(opinions, log_count, side, len(experts.weights)))


def _asked(
    scorer: Scorer, held: Triples, facts: Triples
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield opinions (B, 1 + E, K), what `_candidates` counts and the side, block by block."""
    generator = torch.Generator().manual_seed(0)
    questions = ask(held, group=False)
    all_known = find_known(questions.queries, facts)
    size = max(1, block_size(len(scorer.entities)) // 4)  # there are 1 + E scores of each
    for first in range(0, len(questions), size):
        rows = slice(first, min(first + size, len(questions)))
        part = questions.part(rows)
        opinions = scorer.opinions(part.queries).cpu()
        start, known = all_known.part(rows)
        owner = torch.repeat_interleave(torch.arange(len(part.answers)), start.diff())
        rivals = opinions.log_softmax(2).amax(1)
        rivals[owner, known] = -torch.inf
        places, log_count = _candidates(rivals, part.answers, generator)
        side = relation_side(part.queries.relation, part.queries.predict_head)
        yield _of(opinions, places), log_count, side


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
