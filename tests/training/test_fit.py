"""A whole run: which epoch it keeps, when it stops, and how it takes Ctrl-C."""

from __future__ import annotations

import dataclasses
import re
import signal
from contextlib import closing
from pathlib import Path

import pytest
import torch
from tiny_training import follow, metrics_of, new_fit, same, tiny_graph, tiny_settings, tiny_table

import mygo_cli.training.fit as module
from mygo_cli.errors import Interrupted
from mygo_cli.ranking.evaluate import evaluate
from mygo_cli.ranking.ranks import mean_reciprocal
from mygo_cli.runs.checkpoint import load_checkpoint
from mygo_cli.runs.measured import measure
from mygo_cli.runs.opened import load_run
from mygo_cli.training.fit import EpochValidated, resume
from mygo_cli.training.loop import StepDone

CPU = torch.device("cpu")


def run(fit):
    """Run to the end; return the events after each epoch."""
    seen = []
    follow(fit, seen.append)
    return [event for event in seen if isinstance(event, EpochValidated)]


def scripted(fit, monkeypatch, *mrrs):
    """Let validation find these results, one after the other."""
    results = iter(mrrs)
    monkeypatch.setattr(fit, "_validate", lambda scorer, heard: next(results))


def test_the_best_epoch_is_kept(tmp_path, monkeypatch):
    settings = tiny_settings(training={"epochs": 5, "evaluate_every": 1})
    fit = new_fit(tmp_path, settings)
    scripted(fit, monkeypatch, 0.2, 0.5, 0.4, 0.5, 0.1)
    weights = {}

    def watch(event):
        if isinstance(event, EpochValidated):
            relation = fit.trainer.model.relation.weight.detach().clone()
            weights[event.epoch.epoch] = relation

    follow(fit, watch)
    best = load_checkpoint(fit.folder.best)
    assert (best["epoch"], best["validation_mrr"]) == (2, 0.5)
    assert torch.equal(best["model"]["relation.weight"], weights[2])
    assert not torch.equal(weights[2], weights[5])
    assert [row["validation_mrr"] for row in metrics_of(fit.folder)] == [0.2, 0.5, 0.4, 0.5, 0.1]


def test_looks_come_every_so_many_epochs_and_at_the_end(tmp_path):
    fit = new_fit(tmp_path, tiny_settings(training={"epochs": 5, "evaluate_every": 2}))
    events = run(fit)
    assert [event.mrr is not None for event in events] == [0, 1, 0, 1, 1]
    assert events[0].best_mrr == -1
    assert events[-1].best_mrr == max(e.mrr for e in events if e.mrr)


def test_patience(tmp_path, monkeypatch):
    settings = tiny_settings(training={"epochs": 20, "evaluate_every": 2, "patience": 2})
    fit = new_fit(tmp_path, settings)
    scripted(fit, monkeypatch, 0.3, 0.2, 0.4, 0.4, 0.1)
    assert len(run(fit)) == 10
    assert load_checkpoint(fit.folder.best)["epoch"] == 6
    assert fit.folder.log.read_text().splitlines()[-1].endswith("no progress, stopped")


@pytest.mark.parametrize("why", ["asked for", "no validation split"])
def test_the_last_epoch_is_kept(tmp_path, why):
    select, graph = ("last", tiny_graph()) if why == "asked for" else ("best", tiny_graph())
    if select == "best":
        graph = dataclasses.replace(graph, valid=graph.valid[:0])
    settings = tiny_settings(data={"select": select}, training={"epochs": 3, "evaluate_every": 1})
    fit = new_fit(tmp_path, settings, graph)
    assert fit.selection.split is None
    assert {event.mrr for event in run(fit)} == {None}
    best = load_checkpoint(fit.folder.best)
    assert (best["epoch"], best["validation_mrr"]) == (3, None)
    for name, value in fit.trainer.model.state_dict().items():
        assert torch.equal(best["model"][name], value), name
    assert measure(load_run(fit.folder, graph, CPU))["selected_by"] == "last epoch"


def test_an_epoch_by_its_number(tmp_path, monkeypatch):
    settings = tiny_settings(data={"select": 3}, training={"epochs": 6, "evaluate_every": 1})
    fit = new_fit(tmp_path, settings)
    monkeypatch.setattr(module, "find_rivals", None)  # nothing is evaluated before
    assert [event.mrr for event in run(fit)] == [None] * 3  # nor trained after
    best = load_checkpoint(fit.folder.best)
    assert (best["epoch"], best["validation_mrr"], best["selected_by"]) == (3, None, "epoch number")
    longer = new_fit(tmp_path, tiny_settings(data={"select": "last"}, training={"epochs": 6}))
    weights = {}
    follow(
        longer,
        lambda event: (
            weights.update({event.epoch.epoch: longer.trainer.model.relation.weight.clone()})
            if isinstance(event, EpochValidated)
            else None
        ),
    )
    # The course of the learning rate is that of all epochs.
    assert torch.equal(best["model"]["relation.weight"], weights[3])
    assert measure(load_run(fit.folder, tiny_graph(), CPU))["selected_by"] == "epoch number"
    again = resume(fit.folder, settings, tiny_graph(), CPU)
    assert run(again) == []


def test_select_on_test_is_told_apart(tmp_path):
    settings = tiny_settings(data={"select": "test"}, training={"evaluate_every": 1})
    fit = new_fit(tmp_path, settings)
    events = run(fit)
    best = load_checkpoint(fit.folder.best)
    result = measure(load_run(fit.folder, tiny_graph(), CPU))
    test_mrr = result["splits"]["test"]["overall"]["mrr"]
    assert test_mrr == pytest.approx(max(event.mrr for event in events))
    assert best["validation_mrr"] is None
    assert best["test_mrr"] == pytest.approx(test_mrr)
    assert result["selected_by"] == best["selected_by"] == "test MRR (selected on test)"
    assert result["validation_mrr"] is None
    rows = metrics_of(fit.folder)
    assert [row["test_mrr"] for row in rows] == [event.mrr for event in events]
    assert {row["validation_mrr"] for row in rows} == {None}
    assert "test MRR" in fit.folder.log.read_text()


def test_the_selected_model_scores_as_when_it_was_looked_at(tmp_path):
    settings = tiny_settings(model={"expert_dim": 0})  # whose weights are fitted anew in the end
    fit = new_fit(tmp_path, settings, None, tiny_table(0), tiny_table(1))
    run(fit)
    graph = tiny_graph()
    trained = load_run(fit.folder, graph, CPU)
    rivals = evaluate(trained.scorer, graph.valid, graph.all_triples())
    found = mean_reciprocal(rivals.better, rivals.ties)
    assert found == pytest.approx(trained.content["validation_mrr"], rel=1e-9)
    result = measure(trained)
    assert result["epoch"] == fit.stopper.best_epoch
    assert result["splits"]["valid"]["overall"]["mrr"] == pytest.approx(fit.stopper.best)
    assert result["splits"]["test"]["overall"]["count"] == 2 * len(graph.test)
    assert trained.has_tokens("image").tolist() == tiny_table(0).mask.any(1).tolist()


def test_training_goes_on_from_the_state_before_a_look(tmp_path, monkeypatch):
    """Looking puts the model into evaluation mode; that must not leak into the next epoch."""
    modes = []
    fit = new_fit(tmp_path, tiny_settings(training={"evaluate_every": 1}))
    monkeypatch.setattr(
        fit.trainer.model.decoder,
        "_contract",
        lambda *parts, inner=fit.trainer.model.decoder._contract: (
            modes.append(fit.trainer.model.training),
            inner(*parts),
        )[1],
    )
    watched = []
    follow(fit, lambda event: watched.append((type(event), fit.trainer.model.training)))
    assert {training for kind, training in watched if kind is StepDone} == {True}
    assert set(modes) == {True, False}


def test_a_look_encodes_once_and_only_the_first_one_filters(tmp_path, monkeypatch):
    fit = new_fit(tmp_path, tiny_settings(training={"epochs": 3, "evaluate_every": 1}))
    encoder, encodings, filterings = fit.trainer.model.entity_encoder, [], []
    encode, find_known = encoder.forward, module.find_known

    def counted_encoding(*parts):
        encodings.append(encoder.training)
        return encode(*parts)

    def counted_filtering(*parts):
        filterings.append(1)
        return find_known(*parts)

    monkeypatch.setattr(encoder, "forward", counted_encoding)
    monkeypatch.setattr(module, "find_known", counted_filtering)
    run(fit)
    assert fit.folder.best.exists()
    assert encodings.count(False) == 3
    assert len(filterings) == 1


@pytest.mark.parametrize(
    ("image", "text", "structure", "contrastive"),
    [
        (False, True, True, 0.01),
        (True, False, True, 0.01),
        (True, True, False, 0.01),
        (True, True, True, 0.0),
        (False, False, True, 0.01),
        (False, True, False, 0.0),
    ],
)
def test_parts_switched_off(tmp_path, image, text, structure, contrastive):
    settings = tiny_settings(
        model={"structure": structure}, training={"contrastive": contrastive, "epochs": 2}
    )
    tables = tiny_table(0) if image else None, tiny_table(1) if text else None
    fit = new_fit(tmp_path, settings, None, *tables)
    run(fit)
    trained = load_run(fit.folder, tiny_graph(), CPU)
    encoder = trained.model.entity_encoder
    assert (encoder.image is not None, encoder.text is not None) == (image, text)
    assert (encoder.structure is not None) is structure
    again = trained.model.entity_vectors()
    torch.testing.assert_close(again, trained.scorer.entities)
    assert trained.has_tokens("image") is None or image


@pytest.mark.parametrize("decoder", ["tucker", "distmult", "complex", "rotate", "transe", "dot"])
def test_every_decoder(tmp_path, decoder):
    settings = tiny_settings(decoder={"name": decoder}, training={"epochs": 2})
    fit = new_fit(tmp_path, settings, None, tiny_table(0))
    run(fit)
    assert measure(load_run(fit.folder, tiny_graph(), CPU))["splits"]["valid"]["overall"]["mrr"] > 0


# Ctrl-C


def interrupt_at(epoch, step, times=1):
    """Return a watch function that presses Ctrl-C after a step."""

    def watch(event):
        if isinstance(event, StepDone) and (event.epoch, event.step) == (epoch, step):
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    return watch


def test_ctrl_c_between_steps(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    fit = new_fit(tmp_path, tiny_settings(training={"epochs": 4}))
    with pytest.raises(Interrupted) as caught:
        follow(fit, interrupt_at(3, 2))
    assert caught.value.exit_code == 130
    assert str(caught.value) == (
        f"Interrupted; step 2 of {fit.trainer.steps_per_epoch} in epoch 3 of 4 is saved. "
        f"Go on with: mygo train --resume {fit.folder.path}"
    )
    assert signal.getsignal(signal.SIGINT) is before
    straight = new_fit(tmp_path, tiny_settings(training={"epochs": 4}))
    run(straight)
    again = resume(fit.folder, fit.settings, tiny_graph(), CPU)
    assert [event.epoch.epoch for event in run(again)] == [3, 4]
    assert metrics_of(fit.folder) == metrics_of(straight.folder)


def test_ctrl_c_before_the_first_epoch_is_done(tmp_path):
    fit = new_fit(tmp_path, tiny_settings())
    with pytest.raises(Interrupted, match=r"step 1 of \d+ in epoch 1 of 4 is saved"):
        follow(fit, interrupt_at(1, 1))
    assert load_checkpoint(fit.folder.last)["within"]["step"] == 1


def test_ctrl_c_right_after_an_epoch(tmp_path):
    fit = new_fit(tmp_path, tiny_settings(training={"epochs": 4}))

    def watch(event):
        if isinstance(event, EpochValidated) and event.epoch.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted, match="epoch 2 of 4 is saved"):
        follow(fit, watch)
    assert load_checkpoint(fit.folder.last)["epoch"] == 2


def test_a_second_ctrl_c_does_not_wait(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    fit = new_fit(tmp_path, tiny_settings())
    with pytest.raises(KeyboardInterrupt):
        follow(fit, interrupt_at(2, 1, times=2))
    assert signal.getsignal(signal.SIGINT) is before
    assert load_checkpoint(fit.folder.last)["epoch"] == 1


def test_a_loop_that_is_left_gives_ctrl_c_back_and_can_be_gone_on_with(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    settings = tiny_settings(training={"epochs": 4})
    fit, straight = new_fit(tmp_path, settings), new_fit(tmp_path, settings)
    with closing(fit.events()) as events:
        for event in events:
            assert signal.getsignal(signal.SIGINT) is not before
            if isinstance(event, EpochValidated) and event.epoch.epoch == 2:
                break
    assert signal.getsignal(signal.SIGINT) is before
    assert fit.steps == 2 * fit.steps_done > 0
    again = resume(fit.folder, settings, tiny_graph(), CPU)
    assert again.steps_done == fit.steps_done
    follow(again)
    follow(straight)
    same(load_checkpoint(again.folder.last), load_checkpoint(straight.folder.last))


def test_the_page_lists_what_checkpoints_hold(tmp_path):
    """docs/runs.md has a row for each entry of last.pt and best.pt, and no other."""
    page = (Path(__file__).parents[2] / "docs" / "runs.md").read_text(encoding="utf-8")
    listed = {"best.pt": set(), "last.pt": set()}
    for keys, where in re.findall(
        r"^\| ([^|]+) \| (both|best\.pt|last\.pt) \|", page, re.MULTILINE
    ):
        for name in listed if where == "both" else [where]:
            listed[name] |= set(re.findall(r"`(\w+)`", keys))
    held = {"best.pt": set(), "last.pt": set()}
    for select, holdout in (("best", 0.0), ("test", 0.1)):
        data = {"select": select, "holdout": holdout}
        fit = new_fit(tmp_path / select, tiny_settings(data=data))
        run(fit)
        for path in (fit.folder.best, fit.folder.last):
            held[path.name] |= set(load_checkpoint(path))
    assert held == listed
