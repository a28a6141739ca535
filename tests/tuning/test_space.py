"""What a search varies, and how its values come back as settings."""

from __future__ import annotations

import dataclasses

import optuna
import pytest

from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.merging import merge
from mygo_cli.settings.sections import ImageTokenSettings as Image
from mygo_cli.settings.sections import ModelOptions, Settings, TokenSettings
from mygo_cli.tuning.space import changes_of, search_space, starting_point


def names(settings=None, fixed=None):
    return {each.name for each in search_space(settings or Settings(), fixed or {})}


def test_what_does_nothing_is_not_searched():
    assert {
        "model.image_dropout",
        "model.expert_dropout",
        "decoder.options.input_dropout",
    } < names()
    without = dataclasses.replace(
        Settings(), model=ModelOptions(expert_dim=0), tokens=TokenSettings(image=Image(use=False))
    )
    assert not {"model.image_dropout", "model.expert_dropout"} & names(without)
    assert "decoder.options.matrix_dropout" not in names()  # it is 0: a slow path that is off


def test_what_was_typed_keeps_its_value():
    fixed = {"model": {"dim": 8}, "decoder": {"options": {"output_dropout": True}}}
    assert names() - names(fixed=fixed) == {"model.dim", "decoder.options.output_dropout"}


@pytest.mark.parametrize(
    "model",
    [ModelOptions(), ModelOptions(dim=200, heads=5, dropout=0.9), ModelOptions(dim=1, heads=1)],
)
def test_every_point_can_be_trained_and_the_start_is_one(model):
    base = dataclasses.replace(Settings(), model=model)
    space = search_space(base, {})
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.enqueue_trial(starting_point(space))
    for number in range(30):
        trial = study.ask()
        for dimension in space:
            dimension.suggest(trial)
        nested = merge(dataclasses.asdict(base), changes_of(trial.params))
        settings = from_dict(Settings, nested, "a trial")  # raises for what cannot be
        if number == 0:
            assert settings.model == base.model
            assert settings.training == base.training
        assert settings.training.epochs <= base.training.epochs
