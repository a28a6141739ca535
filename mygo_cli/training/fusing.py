"""Fitting how much each token expert counts, on facts that training does not see."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.leaks import spared_rows, validation_leak
from mygo_cli.graph.triples import Triples
from mygo_cli.model.fusion import Experts, fit_weights
from mygo_cli.ranking.opinions import Heard

SHARE, MOST = 0.05, 4000  # facts that the weights are fitted to


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
    or train knows it, some facts are cut from train at random, as most splits are drawn, but none
    that is the last of an entity or relation. A tiny graph may yield none.
    """
    if len(graph.valid) and not validation_leak(graph).serious:
        some = np.sort(np.random.default_rng(seed).permutation(len(graph.valid))[:MOST])
        return Held(graph.train, graph.valid[some], torch.from_numpy(some % 2))
    wanted = min(MOST, round(SHARE * len(graph.train)))
    rows = spared_rows(graph, wanted, seed) if wanted else np.zeros(0, dtype=np.int64)
    kept = np.setdiff1d(np.arange(len(graph.train)), rows)
    return Held(graph.train[kept], graph.train[rows], None)


def fuse(experts: Experts | None, heard: Heard | None, facts: Tensor | None = None) -> None:
    """Fit the weights of the experts to what was heard of `facts` (F,) bool, None for all.

    Where there is nothing to fit to, they stay as they are.
    """
    if experts is None or heard is None:
        return
    some = heard if facts is None else heard.of(facts)
    if len(some.side):
        experts.weights.copy_(fit_weights(*some[:3], len(experts.weights)))
