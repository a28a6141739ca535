"""A run that stopped and went on is, bit for bit, the run that never stopped."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from tiny_training import follow, metrics_of, new_fit, same, tiny_graph, tiny_settings, tiny_table

from mygo_cli import backends
from mygo_cli.contracts import NoOptions
from mygo_cli.errors import DataError
from mygo_cli.runs.assemble import check_same_graph, graph_identity
from mygo_cli.runs.checkpoint import load_checkpoint, save_checkpoint
from mygo_cli.runs.folder import RunFolder
from mygo_cli.training import fit as module
from mygo_cli.training.fit import EpochValidated, resume

CPU = torch.device("cpu")


class StoppedError(Exception):
    """What ends a run in these tests, as a killed process would."""


def stop_after(epochs):
    """Return a watch function that ends the run once so many epochs are saved."""

    def watch(event):
        if isinstance(event, EpochValidated) and event.epoch.epoch == epochs:
            raise StoppedError

    return watch


def settings_for(**training):
    return tiny_settings(training={"epochs": 6, "evaluate_every": 2, **training})


@pytest.mark.parametrize(
    ("questions", "token_dropout"),
    [("distinct", "code"), ("triples", "token"), ("coin-flip", "code")],
)
def test_the_same_bits(tmp_path, questions, token_dropout):
    settings = tiny_settings(
        training={"epochs": 6, "questions": questions, "batch_size": 40},
        model={"token_dropout": token_dropout, "entity_layers": 2},
    )
    straight = new_fit(tmp_path, settings, None, tiny_table(0), tiny_table(1))
    follow(straight)
    broken = new_fit(tmp_path, settings, None, tiny_table(0), tiny_table(1))
    with pytest.raises(StoppedError):
        follow(broken, stop_after(3))
    folder = RunFolder(broken.folder.path)
    torch.manual_seed(99)  # another process starts elsewhere
    torch.rand(7)
    again = resume(folder, folder.settings(), tiny_graph(), CPU)
    assert again.trainer.epoch == 3
    follow(again)
    ours, theirs = load_checkpoint(folder.last), load_checkpoint(straight.folder.last)
    assert len(ours["optimizer"]["adam"]["state"]) > 20
    same(ours, theirs)
    same(load_checkpoint(folder.best), load_checkpoint(straight.folder.best))
    assert metrics_of(folder) == metrics_of(straight.folder)
    same(dict(again.trainer.model.state_dict()), dict(straight.trainer.model.state_dict()))


def test_killed_between_metrics_and_checkpoint(tmp_path, monkeypatch):
    settings = settings_for()
    straight = new_fit(tmp_path, settings)
    follow(straight)
    broken = new_fit(tmp_path, settings)

    def killed(path, content):
        if path.name == "last.pt" and content["epoch"] == 4:
            raise StoppedError
        save_checkpoint(path, content)

    monkeypatch.setattr(module, "save_checkpoint", killed)
    with pytest.raises(StoppedError):
        follow(broken)
    monkeypatch.undo()
    assert len(metrics_of(broken.folder)) == 4
    again = resume(broken.folder, settings, tiny_graph(), CPU)
    assert again.trainer.epoch == 3
    follow(again)
    assert metrics_of(broken.folder) == metrics_of(straight.folder)


def test_a_run_that_is_done_stays_as_it_is(tmp_path):
    done = new_fit(tmp_path, settings_for())
    follow(done)
    before = done.folder.last.read_bytes(), done.folder.metrics.read_text()
    again = resume(done.folder, done.settings, tiny_graph(), CPU)
    follow(again)
    assert (done.folder.last.read_bytes(), done.folder.metrics.read_text()) == before


def test_a_run_out_of_patience_stays_as_it_is(tmp_path):
    # The rate is too small for any progress: two looks after the first one end the run.
    settings = settings_for(epochs=30, evaluate_every=1, patience=2, learning_rate=1e-12)
    done = new_fit(tmp_path, settings)
    follow(done)
    epochs = done.trainer.epoch
    assert epochs < 30
    again = resume(done.folder, settings, tiny_graph(), CPU)
    follow(again)
    assert again.trainer.epoch == epochs
    assert len(metrics_of(done.folder)) == epochs


def test_more_patience_goes_on(tmp_path):
    settings = settings_for(epochs=8, evaluate_every=1, patience=1, learning_rate=1e-12)
    done = new_fit(tmp_path, settings)
    follow(done)
    assert done.trainer.epoch < 8
    again = resume(
        done.folder, settings_for(epochs=8, evaluate_every=1, patience=0), tiny_graph(), CPU
    )
    assert again.stopper.best == done.stopper.best
    follow(again)
    assert again.trainer.epoch == 8


def test_nothing_was_saved(tmp_path):
    fit = new_fit(tmp_path, settings_for())
    with pytest.raises(
        DataError, match=r"stopped before anything .* train --config .*config\.toml"
    ):
        resume(fit.folder, fit.settings, tiny_graph(), CPU)


def test_another_graph(tmp_path):
    fit = new_fit(tmp_path, settings_for(epochs=1))
    follow(fit)
    graph = tiny_graph()
    others = tuple(f"x{number}" for number in range(len(graph.entities)))
    with pytest.raises(DataError, match=r"trained on the graph tiny; the entities of tiny are oth"):
        resume(fit.folder, fit.settings, dataclasses.replace(graph, entities=others), CPU)
    turned = dataclasses.replace(graph, entities=graph.entities[::-1])
    with pytest.raises(DataError, match=r"the entities of tiny are the same in another order"):
        resume(fit.folder, fit.settings, turned, CPU)
    turned = dataclasses.replace(graph, relations=graph.relations[::-1])
    with pytest.raises(DataError, match=r"the relations of tiny are the same in another order"):
        resume(fit.folder, fit.settings, turned, CPU)
    renamed = dataclasses.replace(graph, relations=("r0", "r1", "r9"))
    with pytest.raises(DataError, match=r"the relations of tiny are others"):
        resume(fit.folder, fit.settings, renamed, CPU)


def test_another_graph_than_that_of_an_older_checkpoint():
    graph = tiny_graph()
    identity = graph_identity(graph)
    del identity["entity_set_sha256"]
    check_same_graph(identity, graph, Path("best.pt"))
    turned = dataclasses.replace(graph, entities=graph.entities[::-1])
    with pytest.raises(DataError, match=r"the entities of tiny are others, or in another order\."):
        check_same_graph(identity, turned, Path("best.pt"))


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_other_triples(tmp_path, split):
    fit = new_fit(tmp_path, settings_for(epochs=1))
    follow(fit)
    before = fit.folder.last.read_bytes()
    graph = tiny_graph()
    turned = dataclasses.replace(graph, **{split: graph.split(split)[:, ::-1].copy()})
    with pytest.raises(DataError, match=r"triples of tiny changed .* --config .*config\.toml$"):
        resume(fit.folder, fit.settings, turned, CPU)
    assert fit.folder.last.read_bytes() == before


def test_a_checkpoint_of_before_triples_were_noted(tmp_path):
    fit = new_fit(tmp_path, settings_for(epochs=1))
    follow(fit)
    state = load_checkpoint(fit.folder.last)
    save_checkpoint(fit.folder.last, {k: v for k, v in state.items() if k != "triples_sha256"})
    assert resume(fit.folder, fit.settings, tiny_graph(), CPU).trainer.epoch == 1


def test_another_model(tmp_path):
    fit = new_fit(tmp_path, settings_for(epochs=1))
    follow(fit)
    wider = tiny_settings(model={"dim": 16})
    with pytest.raises(DataError, match=r"does not fit the config\.toml of its run"):
        resume(fit.folder, wider, tiny_graph(), CPU)
    other = tiny_settings(decoder={"name": "distmult"})
    with pytest.raises(DataError, match=r"does not fit the config\.toml of its run"):
        resume(fit.folder, other, tiny_graph(), CPU)


def test_the_selected_model_is_no_checkpoint_to_go_on_from(tmp_path):
    fit = new_fit(tmp_path, settings_for(epochs=1))
    follow(fit)
    fit.folder.last.write_bytes(fit.folder.best.read_bytes())
    with pytest.raises(DataError, match=r"last\.pt holds no optimizer"):
        resume(fit.folder, fit.settings, tiny_graph(), CPU)


class Weighted(torch.nn.Module):
    """A decoder that computes when it is made, and keeps the outcome out of checkpoints."""

    description = "a weighted product"
    Options = NoOptions

    def __init__(self, dim, options):
        super().__init__()
        weight = torch.arange(1.0, dim + 1).reciprocal()
        self.register_buffer("weight", weight / weight.sum().item(), persistent=False)

    def forward(self, query, relation, entities):
        return (query * relation * self.weight) @ entities.T


def test_a_decoder_may_compute_when_it_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(backends, "load", lambda group, name: Weighted)
    settings = settings_for(epochs=2)
    straight = new_fit(tmp_path, settings)
    follow(straight)
    broken = new_fit(tmp_path, settings)
    with pytest.raises(StoppedError):
        follow(broken, stop_after(1))
    follow(resume(broken.folder, settings, tiny_graph(), CPU))
    assert metrics_of(broken.folder) == metrics_of(straight.folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda adam: 3,
        lambda adam: {**adam, "state": 3},
        lambda adam: {**adam, "state": {**adam["state"], 0: {}}},
        lambda adam: {**adam, "state": {**adam["state"], 999: adam["state"][0]}},
        lambda adam: {**adam, "state": {0: {**adam["state"][0], "exp_avg": torch.zeros(2)}}},
        lambda adam: {**adam, "state": {0: {**adam["state"][0], "exp_avg": "x"}}},
    ],
)
def test_a_damaged_optimizer(tmp_path, change):
    fit = new_fit(tmp_path, settings_for(epochs=1))
    follow(fit)
    content = load_checkpoint(fit.folder.last)
    content["optimizer"]["adam"] = change(content["optimizer"]["adam"])
    save_checkpoint(fit.folder.last, content)
    with pytest.raises(DataError, match=r"last\.pt does not fit the config\.toml of its run"):
        resume(fit.folder, fit.settings, tiny_graph(), CPU)
