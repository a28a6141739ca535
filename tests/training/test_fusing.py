"""How the weights of the token experts are fitted, kept and read again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from tiny_training import follow, new_fit, tiny_graph, tiny_settings, tiny_table

from mygo_cli.model.queries import Queries
from mygo_cli.ranking.opinions import _candidates
from mygo_cli.runs.assemble import build_model, rebuild_model
from mygo_cli.runs.opened import load_run
from mygo_cli.training import fit as fit_module
from mygo_cli.training.fusing import SHARE, hold_out
from mygo_cli.training.loop import Trainer

QUERIES = Queries(
    torch.tensor([0, 3, 5]), torch.tensor([0, 1, 2]), torch.tensor([True, False, True])
)


def keys(triples):
    return {tuple(triple) for triple in triples.tolist()}


def test_weights_are_fitted_to_the_validation_split():
    graph = tiny_graph()
    train, held, half = hold_out(graph, 0)
    assert keys(train) == keys(graph.train)
    assert keys(held) == keys(graph.valid)
    assert half.tolist() == [row % 2 for row in range(len(held))]


def test_without_validation_facts_are_cut_from_train_as_they_come():
    graph = dataclasses.replace(tiny_graph(), valid=np.zeros((0, 3), dtype=np.int64))
    train, held, half = hold_out(graph, 0)
    assert half is None
    assert keys(train) | keys(held) == keys(graph.train)
    assert not keys(train) & keys(held)
    assert len(held) == round(SHARE * len(graph.train))
    assert set(train[:, 1]) == set(graph.train[:, 1])


def test_each_half_is_ranked_with_weights_fitted_to_the_other(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(fit_module, "fuse", lambda experts, heard, facts=None: seen.append(facts))
    fit = new_fit(tmp_path, tiny_settings(model={"expert_dim": 6}), None, tiny_table(0))
    follow(fit)
    half = torch.arange(len(tiny_graph().valid)) % 2
    assert torch.equal(seen[0], half != 0)
    assert torch.equal(seen[1], half != 1)
    assert seen[2] is None  # what is kept is fitted to all


def test_answers_that_nobody_expects_do_not_turn_the_weights():
    """Drawn candidates stand for the rest, so that the sum over all entities is kept."""
    torch.manual_seed(0)
    rivals, answers = torch.randn(3, 2000), torch.tensor([5, 6, 7])
    rivals[0, :100] = -torch.inf
    places, log_count = _candidates(rivals, answers, torch.Generator().manual_seed(0))
    assert places[:, 0].tolist() == [5, 6, 7]
    stands_for = log_count.exp().sum(1)
    torch.testing.assert_close(stands_for, torch.tensor([1901.0, 2000.0, 2000.0]))
    assert all(len(set(row)) == len(row) for row in places[1:].tolist())


def test_a_run_keeps_the_weights_it_fitted(tmp_path):
    fit = new_fit(tmp_path, tiny_settings(model={"expert_dim": 6}), None, tiny_table(0))
    follow(fit)
    trained = load_run(fit.folder, tiny_graph(), torch.device("cpu"))
    weights = trained.model.experts.weights
    assert weights.shape == (6, 4)
    assert (weights[:, 1:] != 0).any()
    assert torch.isfinite(weights).all()
    scorer = trained.scorer
    joint = trained.model.scores(QUERIES, scorer.entities, scorer.relations)
    assert not torch.allclose(scorer(QUERIES), joint)


def test_a_run_of_before_there_were_experts_opens(tmp_path):
    before = tiny_settings(model={"expert_dim": 0})
    state = build_model(before, tiny_graph(), tiny_table(0), None).state_dict()
    # What a config.toml without the setting is read as has experts.
    model = rebuild_model(tiny_settings(model={"expert_dim": 6}), state, tmp_path)
    assert model.experts is None


def test_a_checkpoint_holds_all_that_the_experts_read(tmp_path):
    settings = tiny_settings(model={"expert_dim": 6})
    model = build_model(settings, tiny_graph(), tiny_table(0), tiny_table(1)).eval()
    model.experts.weights.fill_(0.3)
    again = rebuild_model(settings, model.state_dict(), tmp_path).eval()
    ours, theirs = (
        each.experts.opinions(QUERIES, each.experts.vectors()) for each in (model, again)
    )
    assert torch.equal(ours, theirs)
    assert torch.equal(again.experts.weights, model.experts.weights)


@pytest.mark.parametrize("candidates", [0, 3])
def test_experts_learn(candidates):
    settings = tiny_settings(
        model={"expert_dim": 6, "expert_dropout": 0.0},
        training={"candidates": candidates, "epochs": 30, "learning_rate": 0.02},
    )
    torch.manual_seed(0)
    model = build_model(settings, tiny_graph(), tiny_table(0), tiny_table(1))
    trainer = Trainer(model, tiny_graph().train, settings.training)

    def loss():
        rows = torch.arange(len(tiny_graph().train))
        head, relation, tail = torch.from_numpy(tiny_graph().train).unbind(1)
        queries = Queries(head, relation, torch.zeros_like(head, dtype=torch.bool))
        model.eval()
        with torch.no_grad():
            return model.experts.loss(queries, model.experts.vectors(), rows, tail)

    before = loss()
    list(trainer.run())
    assert loss() < 0.9 * before
