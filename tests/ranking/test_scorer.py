"""A scorer encodes all entities once and scores as the model does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mygo_cli.model.mygo import MyGO
from mygo_cli.model.queries import Queries
from mygo_cli.ranking.scorer import encoded
from mygo_cli.settings.sections import ModelOptions
from mygo_cli.tokens.selection import TokenTable
from mygo_plugins.decoder.tucker import TuckER, TuckEROptions

QUERIES = Queries(
    torch.tensor([0, 3, 4]), torch.tensor([1, 0, 1]), torch.tensor([True, False, True])
)


@pytest.fixture
def model():
    torch.manual_seed(0)
    tokens = TokenTable(
        np.array([[0, 1], [1, 2], [2, 0], [0, 0], [2, 2]]),
        np.ones((5, 2), dtype=np.bool_),
        np.eye(3, dtype=np.float32),
        np.arange(3),
    )
    options = ModelOptions(dim=8, feed_forward=8, heads=2)
    return MyGO(5, 2, tokens, None, TuckER(8, TuckEROptions()), options)


def test_scores_are_those_of_the_model_without_dropout(model):
    model.train()
    scorer = encoded(model)
    assert not model.training
    first = scorer(QUERIES)
    expected = model.scores(QUERIES, model.entity_vectors(), model.relation_vectors())
    assert torch.equal(first, expected)
    assert torch.equal(first, scorer(QUERIES))
    assert first.dtype == torch.float32
    assert not first.requires_grad


def test_entities_are_encoded_once(model, monkeypatch):
    encode, calls = model.entity_encoder.forward, []
    monkeypatch.setattr(
        model.entity_encoder, "forward", lambda *parts: (calls.append(1), encode(*parts))[1]
    )
    scorer = encoded(model)
    for _ in range(3):
        scorer(QUERIES)
    assert len(calls) == 1
    assert scorer.entities.shape == (5, 8)
    assert scorer.relations.shape == (2, 8)
