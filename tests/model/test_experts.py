"""Token experts: what they read, what they learn from, and how they are weighed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_models import both_tables, small_model, token_table

from mygo_cli.model.fusion import fit_weights
from mygo_cli.model.queries import Queries
from mygo_cli.model.relation_maps import MOST_MATRICES, RelationMaps
from mygo_cli.ranking.scorer import encoded
from mygo_cli.tokens.bags import bags_of, whitened
from mygo_cli.tokens.selection import TokenTable

QUERIES = Queries(
    torch.tensor([0, 2, 4, 5]), torch.tensor([0, 1, 2, 0]), torch.tensor([True, False] * 2)
)
IMAGE = slice(0, 3)  # the experts of pictures; those of text follow


def model_with_experts(image=None, text=None):
    return small_model(0, image, text, expert_dim=6, expert_dropout=0.0)


def loss_of(model, queries=QUERIES):
    rows = torch.arange(len(queries.entity))
    vectors = model.experts.vectors()
    return model.experts.loss(queries, vectors, rows, torch.tensor([1, 6, 7, 8]))


def test_gradients_reach_every_parameter():
    model = model_with_experts(*both_tables()).train()
    loss_of(model).backward()
    for name, parameter in model.experts.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_an_entity_without_the_modality_gets_no_opinion():
    model = model_with_experts(*both_tables())  # 2 and 4 have no picture
    opinions = model.experts.opinions(QUERIES, model.experts.vectors())
    assert (opinions[1:3, (0, 2)] == 0).all()
    assert (opinions[0, IMAGE] != 0).all()


def test_a_candidate_without_the_modality_is_as_likely_as_the_average():
    model = model_with_experts(token_table(9, 4, 7, 5, seed=1, without=(2, 4)))
    scores = model.experts.opinions(QUERIES, model.experts.vectors())[0, 1]
    known = torch.tensor([0, 1, 3, 5, 6, 7, 8])
    expected = scores[known].exp().mean().log()
    torch.testing.assert_close(scores[[2, 4]], expected.expand(2))


@pytest.mark.parametrize("which", [(0,), (1,), (0, 1)])
def test_nobody_has_a_token(which):
    nothing = TokenTable(
        np.zeros((9, 1), dtype=np.int64),
        np.zeros((9, 1), dtype=bool),
        np.zeros((1, 5), dtype=np.float32),
        np.array([-1]),
    )
    tables = [nothing if place in which else table for place, table in enumerate(both_tables())]
    model = model_with_experts(*tables).train()
    loss = loss_of(model)
    loss.backward()
    assert torch.isfinite(loss)
    for name, parameter in model.experts.named_parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all(), name
    assert torch.isfinite(encoded(model)(QUERIES)).all()


def test_all_entities_share_one_token():
    table = TokenTable(
        np.zeros((9, 1), dtype=np.int64),
        np.ones((9, 1), dtype=bool),
        np.ones((1, 5), dtype=np.float32),
        np.array([3]),
    )
    model = model_with_experts(table)
    loss_of(model).backward()
    vectors = model.experts.vectors()[0].tokens
    torch.testing.assert_close(vectors, vectors[:1].expand_as(vectors))
    assert torch.isfinite(encoded(model)(QUERIES)).all()


def test_before_any_fit_the_joint_score_counts_alone():
    model = model_with_experts(*both_tables()).eval()
    scorer = encoded(model)
    joint = model.scores(QUERIES, scorer.entities, scorer.relations)
    assert torch.equal(scorer(QUERIES), joint.float())


def test_the_final_score_is_the_weighted_sum_of_the_opinions():
    model = model_with_experts(*both_tables()).eval()
    torch.manual_seed(1)
    model.experts.weights.normal_()
    scorer = encoded(model)
    weights = model.experts.weights[2 * QUERIES.relation + QUERIES.predict_head.long()].float()
    expected = torch.einsum("be,ben->bn", weights, scorer.opinions(QUERIES).float())
    torch.testing.assert_close(scorer(QUERIES).float(), expected, rtol=1e-4, atol=1e-4)


def test_a_question_is_answered_alike_alone_and_among_others():
    model = model_with_experts(*both_tables()).eval()
    model.experts.weights.fill_(0.5)
    scorer = encoded(model)
    alone = [scorer(Queries(*(part[row : row + 1] for part in QUERIES))) for row in range(4)]
    torch.testing.assert_close(torch.cat(alone), scorer(QUERIES))


def test_width_zero_is_the_model_of_the_paper():
    model = small_model(0, *both_tables(), expert_dim=0)
    assert model.experts is None
    assert not [name for name in model.state_dict() if name.startswith("experts")]


@pytest.mark.parametrize("relations", [3, MOST_MATRICES])
def test_relation_maps_treat_each_question_by_itself(relations):
    torch.manual_seed(0)
    maps = RelationMaps(relations, 5)
    vectors, asked = torch.randn(7, 5), torch.tensor([4, 0, 5, 4, 1, 0, 3])
    alone = [maps(vectors[row : row + 1], asked[row : row + 1]) for row in range(7)]
    torch.testing.assert_close(maps(vectors, asked), torch.cat(alone))


def test_weights_trust_what_tells_the_truth():
    torch.manual_seed(0)
    side = torch.arange(400) % 2
    opinions = torch.randn(400, 3, 20)
    opinions[side == 0, 0, 0] += 2  # the first knows the one side, the second the other
    opinions[side == 1, 1, 0] += 2
    weights = fit_weights(opinions, torch.zeros(400, 20), side, 3)
    assert weights[0, 0] > 4 * weights[0, 1].abs()
    assert weights[1, 1] > 4 * weights[1, 0].abs()
    assert weights[:, 2].abs().max() < 0.3
    torch.testing.assert_close(weights[2], weights.mean(0), rtol=0, atol=0.7)  # no fact: as others


def test_bags_count_tokens():
    bags = bags_of(np.array([0, 0, 0, 2]), np.array([5, 5, 1, 3]), 4, np.eye(6, dtype=np.float32))
    assert bags.start.tolist() == [0, 2, 2, 3, 3]
    assert bags.ids.tolist() == [0, 2, 1]  # rows of the codes in use: 1, 3, 5
    once = 1 / (1 + (1 + np.log(2)) ** 2) ** 0.5
    np.testing.assert_allclose(bags.weights, [once, once * (1 + np.log(2)), 1], rtol=1e-6)
    assert bags.codes.tolist() == np.eye(6)[[1, 3, 5]].tolist()


def test_whitened_codes_spread_alike_in_every_direction():
    random = np.random.default_rng(0)
    codes = random.standard_normal((200, 4)) * [10, 1, 0.1, 0] + 7
    white = whitened(codes)
    spread = np.linalg.eigvalsh(white.T @ white / 200)
    np.testing.assert_allclose(spread, [0, 1, 1, 1], atol=1e-4)


@pytest.mark.parametrize("relations", [2, MOST_MATRICES])
def test_no_question_at_all(relations):
    maps = RelationMaps(relations, 5)
    assert maps(torch.zeros(0, 5), torch.zeros(0, dtype=torch.long)).shape == (0, 5)
