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
CANDIDATES = 512  # of each question, the likeliest of anyone: the others weigh nothing


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
    parts = list(_asked(scorer, held, known))
    opinions, truth, side = (torch.cat(part) for part in zip(*parts, strict=True))
    weights = fit_weights(opinions, truth, side, len(experts.weights))
    experts.weights.copy_(weights)


def _asked(
    scorer: Scorer, held: Triples, facts: Triples
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield opinions (B, 1 + E, K), the place of the truth and the side, block by block."""
    questions = ask(held, group=False)
    size = max(1, block_size(len(scorer.entities)) // 4)  # there are 1 + E scores of each
    for first in range(0, len(questions), size):
        rows = slice(first, first + size)
        part = questions.part(slice(rows.start, min(rows.stop, len(questions))))
        queries, answers = part.queries, part.answers
        opinions = scorer.opinions(queries).cpu()
        start, known = find_known(queries, facts)
        owner = torch.repeat_interleave(torch.arange(len(answers)), start.diff())
        chosen = _likeliest(opinions, answers, owner, known)
        places = chosen[:, None].expand(-1, opinions.shape[1], -1)
        side = relation_side(queries.relation, queries.predict_head)
        yield opinions.gather(2, places), torch.zeros_like(answers), side


def _likeliest(opinions: Tensor, answers: Tensor, owner: Tensor, known: Tensor) -> Tensor:
    """Return the candidates (B, K) that any opinion thinks likeliest, the truth first.

    Known answers, `known[i]` of row `owner[i]`, come last.
    """
    likely = opinions.log_softmax(2).amax(1)
    likely[owner, known] = -torch.inf
    likely[torch.arange(len(answers)), answers] = torch.inf
    allowed = int((likely > -torch.inf).sum(1).min())
    return likely.topk(min(CANDIDATES, allowed), dim=1).indices
