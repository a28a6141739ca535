"""A run that was killed in the middle of an epoch goes on from there, to the same bits."""

from __future__ import annotations

import math

import pytest
import torch
from tiny_training import follow, metrics_of, new_fit, same, tiny_graph, tiny_settings, tiny_table

from mygo_cli.distributed.group import ALONE, Processes
from mygo_cli.errors import DataError, MygoError
from mygo_cli.runs.checkpoint import load_checkpoint, save_checkpoint
from mygo_cli.settings.sections import Settings
from mygo_cli.training import fit as module
from mygo_cli.training.fit import TrainingRun, resume
from mygo_cli.training.loop import StepDone, seed_epoch
from mygo_cli.training.position import Position, restored

CPU = torch.device("cpu")
ALWAYS = 1e-9  # minutes


class KilledError(Exception):
    """What ends a run in these tests, as a killed process would."""


def killed_after(epoch: int, step: int):
    """Return a watch function that ends the run at a step; the one before was saved."""

    def watch(event):
        if isinstance(event, StepDone) and (event.epoch, event.step) == (epoch, step):
            raise KilledError

    return watch


def settings_for(**training: object) -> Settings:
    chosen = {"epochs": 3, "evaluate_every": 1, "checkpoint_minutes": ALWAYS, **training}
    return tiny_settings(training=chosen, model={"entity_layers": 2})


def new(tmp_path, settings) -> TrainingRun:
    return new_fit(tmp_path, settings, None, tiny_table(0), tiny_table(1))


def elsewhere() -> None:
    """Leave the generators where another process would have them."""
    torch.manual_seed(99)
    torch.rand(7)


@pytest.mark.parametrize(
    "training",
    [{}, {"questions": "coin-flip", "batch_size": 9}, {"candidates": 6, "schedule": "constant"}],
)
def test_the_same_bits(tmp_path, training):
    settings = settings_for(**training)
    straight = new(tmp_path, settings_for(**training, checkpoint_minutes=0))
    follow(straight)
    steps = straight.trainer.steps_per_epoch
    assert steps > 2
    broken = new(tmp_path, settings)
    with pytest.raises(KilledError):
        follow(broken, killed_after(1, 2))
    for epoch, step in ((1, 3), (2, 2), (2, steps), (3, 2), (3, steps)):
        elsewhere()
        broken = resume(broken.folder, settings, tiny_graph(), CPU)
        assert broken.steps_done < (epoch - 1) * steps + step
        with pytest.raises(KilledError):
            follow(broken, killed_after(epoch, step))
        assert load_checkpoint(broken.folder.last)["within"]["step"] == step - 1
    elsewhere()
    again = resume(broken.folder, settings, tiny_graph(), CPU)
    assert again.steps_done == 3 * steps - 1
    follow(again)
    ours, theirs = load_checkpoint(again.folder.last), load_checkpoint(straight.folder.last)
    assert ours["within"] is None
    same(ours, theirs)
    same(load_checkpoint(again.folder.best), load_checkpoint(straight.folder.best))
    assert metrics_of(again.folder) == metrics_of(straight.folder)


def test_killed_after_the_last_step_and_before_the_end_of_the_epoch(tmp_path, monkeypatch):
    straight = new(tmp_path, settings_for())
    follow(straight)
    broken = new(tmp_path, settings_for())

    def killed(path, content):
        if path.name == "last.pt" and (content["epoch"], content["within"]) == (2, None):
            raise KilledError
        save_checkpoint(path, content)

    monkeypatch.setattr(module, "save_checkpoint", killed)
    with pytest.raises(KilledError):
        follow(broken)
    monkeypatch.undo()
    assert len(metrics_of(broken.folder)) == 2
    again = resume(broken.folder, settings_for(), tiny_graph(), CPU)
    assert len(metrics_of(broken.folder)) == 1
    assert again.steps_done == 2 * again.trainer.steps_per_epoch
    follow(again)
    same(load_checkpoint(again.folder.last), load_checkpoint(straight.folder.last))
    assert metrics_of(again.folder) == metrics_of(straight.folder)


@pytest.mark.parametrize(
    ("minutes", "saved"), [(0.0, []), (10.0, [1, 2, 1, 2]), (25.0, [2, 2]), (100.0, [])]
)
def test_saved_when_it_is_time(tmp_path, monkeypatch, minutes, saved):
    """An epoch ends in between: it saves, too, and from then on time counts anew."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    settings = settings_for(epochs=2, batch_size=40, checkpoint_minutes=minutes)
    run, within = new(tmp_path, settings), []
    steps = run.trainer.steps_per_epoch

    def watch(event):
        if isinstance(event, StepDone):
            now[0] += 30 * 60 / steps  # half an hour for an epoch

    def noted(path, content):
        if path.name == "last.pt" and content["within"] is not None:
            within.append(content["within"]["step"])
        save_checkpoint(path, content)

    monkeypatch.setattr(module, "save_checkpoint", noted)
    follow(run, watch)
    assert steps == 2
    assert within == saved


def test_a_loss_that_is_no_number_keeps_the_last_good_checkpoint(tmp_path):
    run = new(tmp_path, settings_for())

    def poison(event):
        if isinstance(event, StepDone) and (event.epoch, event.step) == (2, 3):
            with torch.no_grad():
                run.trainer.model.relation.weight.fill_(math.nan)

    steps = run.trainer.steps_per_epoch
    problem = rf"parameters are not finite numbers in epoch 2, step 3 of {steps}\. Train with"
    with pytest.raises(MygoError, match=problem):
        follow(run, poison)
    kept = load_checkpoint(run.folder.last)
    assert (kept["epoch"], kept["within"]["step"]) == (1, 2)
    follow(resume(run.folder, settings_for(), tiny_graph(), CPU))


def test_the_step_whose_loss_is_no_number_is_named(tmp_path):
    run = new(tmp_path, settings_for(checkpoint_minutes=0))

    def poison(event):
        if isinstance(event, StepDone) and (event.epoch, event.step) == (2, 2):
            with torch.no_grad():
                run.trainer.model.relation.weight.fill_(math.nan)

    with pytest.raises(MygoError, match=r"loss is not a finite number in epoch 2, step 3 of \d+\."):
        follow(run, poison)
    assert load_checkpoint(run.folder.last)["epoch"] == 1


def test_another_batch_size(tmp_path):
    run = new(tmp_path, settings_for())
    with pytest.raises(KilledError):
        follow(run, killed_after(2, 2))
    with pytest.raises(DataError, match=r"does not fit the config\.toml of its run"):
        resume(run.folder, settings_for(batch_size=9), tiny_graph(), CPU)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("step", 0),
        ("step", 10**6),
        ("step", "2"),
        ("steps", None),
        ("seconds", "long"),
        ("order", torch.zeros(5, dtype=torch.uint8)),
        ("order", torch.zeros(5056)),
        ("sums", [[1.0]]),
        ("sums", []),
        ("generators", [[]]),
        ("generators", [[torch.zeros(5, dtype=torch.uint8)]]),
    ],
)
def test_a_damaged_position(tmp_path, name, value):
    run = new(tmp_path, settings_for())
    with pytest.raises(KilledError):
        follow(run, killed_after(2, 2))
    content = load_checkpoint(run.folder.last)
    content["within"][name] = value
    save_checkpoint(run.folder.last, content)
    with pytest.raises(DataError, match=r"last\.pt (is damaged: within|does not fit)"):
        resume(run.folder, settings_for(), tiny_graph(), CPU)


def test_another_number_of_processes():
    position = Position(seed_epoch(0, 0, 0), CPU)
    for losses in ((1.5, 0.25), (2.0, 0.5)):
        position.add(torch.tensor(losses))
    state = position.state(9, ALONE)
    state["sums"].append([10.0, 0.75])  # of a second process
    state["generators"] *= 2
    alone = restored(state, 9, ALONE, CPU)
    assert (alone.step, alone.sums.tolist()) == (2, [13.5, 0.75])
    pair = [restored(state, 9, Processes(rank, 2), CPU).sums.tolist() for rank in (0, 1)]
    assert pair == [[3.5, 0.75], [10.0, 0.75]]
    three = [restored(state, 9, Processes(rank, 3), CPU).sums.tolist() for rank in (0, 1, 2)]
    assert three == [[13.5, 0.75], [0.0, 0.0], [0.0, 0.0]]
