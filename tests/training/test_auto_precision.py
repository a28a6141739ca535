"""`--precision auto`: bf16 where this processor is much faster in it, kept by the run."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from mygo_cli.distributed.group import ALONE
from mygo_cli.settings.sections import ModelOptions, Settings, TrainingSettings
from mygo_cli.training import precision

CPU = torch.device("cpu")


def settings(name="auto", width=64):
    return Settings(
        model=ModelOptions(dim=width, heads=1), training=TrainingSettings(precision=name)
    )


def seconds(monkeypatch, float32, bf16):
    """Let products take so many seconds in either format."""
    took = {torch.float32: float32, torch.bfloat16: bf16}
    monkeypatch.setattr(precision, "_seconds", lambda left, right: took[left.dtype])


@pytest.mark.parametrize(
    ("float32", "bf16", "chosen"), [(1.0, 0.2, "bf16"), (1.0, 0.8, "float32"), (1, 9, "float32")]
)
def test_auto_takes_the_faster_one(monkeypatch, float32, bf16, chosen):
    seconds(monkeypatch, float32, bf16)
    assert precision.with_precision(settings(), CPU, ALONE).training.precision == chosen


def test_narrow_models_stay_exact(monkeypatch):
    seconds(monkeypatch, 1.0, 0.1)
    found = precision.with_precision(settings(width=63), CPU, ALONE)
    assert found.training.precision == "float32"


@pytest.mark.parametrize("name", ["float32", "bf16"])
def test_what_was_asked_for_is_taken(monkeypatch, name):
    monkeypatch.setattr(precision, "_seconds", pytest.fail)
    assert precision.with_precision(settings(name), CPU, ALONE) == settings(name)


def test_other_devices_are_not_timed(monkeypatch):
    monkeypatch.setattr(precision, "_seconds", pytest.fail)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    found = precision.with_precision(settings(), torch.device("cuda"), ALONE)
    assert found.training.precision == "bf16"


def test_the_first_of_several_processes_decides(monkeypatch):
    seconds(monkeypatch, 1.0, 0.1)  # as the second process would find it
    second = dataclasses.replace(ALONE, rank=1, count=2)
    monkeypatch.setattr(type(second), "gather_objects", lambda _, __: [False, True])
    found = precision.with_precision(settings(), CPU, second)
    assert found.training.precision == "float32"


def test_a_resumed_run_keeps_to_what_it_began_with():
    assert precision.computed_in("bf16", settings()).training.precision == "bf16"
    assert precision.computed_in("bf16", settings("float32")).training.precision == "float32"


def test_products_are_timed():
    assert isinstance(precision.bf16_pays(64), bool)
