"""Scores by products, trained in bf16 although all entities have much in common."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mygo_cli import backends
from mygo_cli.contracts import DECODERS

DIM, QUESTIONS, ENTITIES = 32, 24, 400


@pytest.fixture(params=["complex", "distmult", "dot", "tucker"])
def decoder(request):
    torch.manual_seed(0)
    cls = backends.load(DECODERS, request.param)
    module = cls(DIM, cls.Options())
    for part in module.modules():
        if hasattr(part, "p"):
            part.p = 0.0
    return module


def gradients(decoder, query, relation, entities, bf16):
    """Return the gradients of query and entities for the answers 0, 1, 2, ..."""
    inputs = [x.clone().requires_grad_() for x in (query, relation, entities)]
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        scores = decoder(*inputs)
    F.cross_entropy(scores.float(), torch.arange(len(scores))).backward()
    return inputs[0].grad, inputs[2].grad


def test_what_all_entities_share_costs_no_precision_in_training(decoder):
    query, relation = torch.randn(2, QUESTIONS, DIM).unbind()
    entities = 300 * torch.randn(DIM) + torch.randn(ENTITIES, DIM)
    decoder.train()
    exact = gradients(decoder.double(), query.double(), relation.double(), entities.double(), False)
    rounded = gradients(decoder.float(), query, relation, entities, True)
    for one, other in zip(exact, rounded, strict=True):
        assert torch.cosine_similarity(one.flatten(), other.flatten().double(), 0) > 0.9


def test_training_moves_the_scores_of_a_question_by_one_number(decoder):
    query, relation = torch.randn(2, QUESTIONS, DIM).unbind()
    entities = torch.randn(ENTITIES, DIM)
    # As in evaluation, batch norms aside: they count in both.
    for part in decoder.modules():
        if isinstance(part, torch.nn.BatchNorm1d):
            part.track_running_stats, part.running_mean, part.running_var = False, None, None
    asked = decoder.train()(query, relation, entities)
    ranked = decoder.eval()(query, relation, entities)
    torch.testing.assert_close(asked, ranked - ranked.mean(1, keepdim=True), rtol=1e-4, atol=1e-4)
