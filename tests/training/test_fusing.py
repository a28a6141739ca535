"""How the weights of the token experts are fitted, kept and read again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from tiny_training import follow, new_fit, tiny_graph, tiny_settings, tiny_table

from mygo_cli.model.queries import Queries
from mygo_cli.runs.assemble import build_model, rebuild_model
from mygo_cli.runs.opened import load_run
from mygo_cli.training.fusing import fusion_facts
from mygo_cli.training.loop import Trainer

QUERIES = Queries(
    torch.tensor([0, 3, 5]), torch.tensor([0, 1, 2]), torch.tensor([True, False, True])
)


def keys(triples):
    return {tuple(triple) for triple in triples.tolist()}


def test_weights_are_fitted_to_the_validation_split():
    graph = tiny_graph()
    train, held = fusion_facts(graph, 0)
    assert keys(train) == keys(graph.train)
    assert keys(held) == keys(graph.valid)


def test_without_validation_facts_of_lone_pairs_are_cut_from_train():
    graph = dataclasses.replace(tiny_graph(), valid=np.zeros((0, 3), dtype=np.int64))
    train, held = fusion_facts(graph, 0)
    assert keys(train) | keys(held) == keys(graph.train)
    assert not keys(train) & keys(held)
    pairs = {frozenset((head, tail)) for head, _, tail in train.tolist()}
    assert not [None for head, _, tail in held.tolist() if frozenset((head, tail)) in pairs]
    assert set(train[:, 1]) == set(graph.train[:, 1])


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
    settings = tiny_settings()
    assert settings.model.expert_dim == 0  # what a config.toml without the setting is read as
    state = build_model(settings, tiny_graph(), tiny_table(0), None).state_dict()
    model = rebuild_model(settings, state, tmp_path)
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
            return model.experts.loss(queries, model.experts.vectors(), rows, tail, None, None)

    before = loss()
    list(trainer.run())
    assert loss() < 0.9 * before
