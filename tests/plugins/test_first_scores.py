"""An untrained decoder gives logits of a usable size, however wide the vectors are."""

from __future__ import annotations

import pytest
import torch

from mygo_cli import backends
from mygo_cli.contracts import DECODERS

BUILT_IN = ("complex", "distmult", "dot", "rotate", "transe", "tucker")


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("dim", [64, 256])
def test_first_scores_spread_by_about_one(name, dim):
    torch.manual_seed(0)
    decoder = backends.load(DECODERS, name)
    module = decoder(dim, decoder.Options())
    query, relation = torch.randn(2, 100, dim).unbind()
    scores = module(query, relation, torch.randn(500, dim))
    assert 0.3 < scores.std(1).mean() < 3
