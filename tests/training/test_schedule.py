"""The course of the learning rate, at the points that can be told without a computer."""

from __future__ import annotations

import math

import pytest
import torch

from mygo_cli.settings.sections import TrainingSettings
from mygo_cli.training.optimizer import rate


def course(steps_per_epoch, **settings):
    chosen = TrainingSettings(**settings)
    steps = chosen.epochs * steps_per_epoch
    return [rate(chosen, step, steps_per_epoch) for step in range(steps)]


def test_constant():
    assert set(course(3, schedule="constant", epochs=4, learning_rate=0.5)) == {0.5}


def test_one_cycle():
    rates = course(5, schedule="one-cycle", epochs=4, learning_rate=0.2, warmup=0.25)
    assert len(rates) == 20
    assert rates[4] == pytest.approx(0.2)  # a quarter of the way
    assert max(rates) == rates[4]
    assert rates[0] == pytest.approx(0.2 * (1 - math.cos(math.pi / 5)) / 2)
    assert rates[9] == pytest.approx(0.15)  # a third of the way down
    assert rates[-1] == 0
    assert rates[:5] == sorted(rates[:5])
    assert rates[4:] == sorted(rates[4:], reverse=True)


def test_the_only_step_is_one():
    (only,) = course(1, schedule="one-cycle", epochs=1, learning_rate=0.2, warmup=0.1)
    assert only > 0.1


def test_one_cycle_without_warm_up_only_falls():
    rates = course(2, schedule="one-cycle", epochs=3, learning_rate=1.0, warmup=0.0)
    assert rates == pytest.approx([(1 + math.cos(math.pi * n / 6)) / 2 for n in range(1, 7)])


def test_cosine_restarts_as_pytorch_counts():
    rates = course(3, schedule="cosine-restarts", epochs=18, learning_rate=0.3, restart_epochs=2)
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.3)
    theirs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
    for epoch in range(18):
        expected = optimizer.param_groups[0]["lr"]
        assert rates[3 * epoch : 3 * epoch + 3] == pytest.approx([expected] * 3)
        optimizer.step()
        theirs.step()
    assert rates[0] == rates[6] == rates[18] == rates[42] == 0.3
