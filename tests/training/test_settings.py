"""Settings to TOML and back, and what is said about mistakes in them."""

from __future__ import annotations

import dataclasses
import math

import pytest

from mygo_cli.errors import DataError, UsageError
from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.recipes import read_settings
from mygo_cli.settings.sections import Settings, TrainingSettings
from mygo_cli.settings.toml import read_toml, to_toml


def read(text, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return from_dict(Settings, read_settings(path), str(path))


def test_the_defaults_survive_a_round_trip(tmp_path):
    assert read(to_toml(Settings()), tmp_path) == Settings()


def test_every_setting_survives_a_round_trip(tmp_path):
    changed = all_changed(Settings())
    assert all(
        before != after
        for (_, before), (_, after) in zip(leaves(Settings()), leaves(changed), strict=True)
    )
    assert read(to_toml(changed), tmp_path) == changed


def leaves(settings):
    """Yield every setting with its field, those of tables within tables too."""
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            yield from leaves(value)
        else:
            yield field, value


def all_changed(settings):
    """Return settings of which every one is allowed and not the default."""
    values = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        nested = dataclasses.is_dataclass(value)
        values[field.name] = all_changed(value) if nested else other(field.name, value)
    return type(settings)(**values)


def other(name, value):
    """Return a value that is allowed and not the default."""
    choices = {
        "select": 3,
        "schedule": "cosine-restarts",
        "questions": "coin-flip",
        "precision": "bf16",
        "options": {"chunk": 3, "names": ["a", "é"], "rate": 0.25, "on": True},
        "max_pictures": 7,
        "dim": 60,
        "token_dropout": "token",
        "select_by": "tfidf",
    }
    if name in choices:
        return choices[name]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value * 2 + 2
    return (value + 0.125) / 2 if isinstance(value, float) else "some 'text' with \"quotes\""


def test_settings_of_before_are_read_as_what_they_are_called_now(tmp_path, caplog):
    caplog.set_level("INFO", "mygo_cli")
    old = """
    [tokens]
    image = false
    image_tokens = 4
    max_images = 2
    text_cache = "text.h5"
    text_tokens = 5
    """
    tokens = read(old, tmp_path).tokens
    assert (tokens.image.use, tokens.image.keep, tokens.image.max_pictures) == (False, 4, 2)
    assert (tokens.text.use, tokens.text.keep, tokens.text.cache) == (True, 5, "text.h5")
    assert "[tokens] is read as [tokens.image] and [tokens.text]" in caplog.text
    said = len(caplog.records)
    assert said == 1
    read(old, tmp_path)
    assert len(caplog.records) == said  # once a file


def test_a_whole_number_will_do_for_a_fraction(tmp_path):
    assert read("[training]\nlearning_rate = 1\n", tmp_path).training.learning_rate == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[training]\nepoch = 3\n", r"unknown setting epoch\. Did you mean epochs"),
        ("[trainig]\nepochs = 3\n", r"unknown setting trainig\. Did you mean training"),
        ("[training]\nepochs = 'x'\n", r"training: epochs = 'x' is not a whole number"),
        ("[training]\nepochs = 2.5\n", r"epochs = 2\.5 is not a whole number"),
        ("[training]\nepochs = true\n", r"epochs = True is not a whole number"),
        ("[training]\nlearning_rate = '1e-3'\n", r"learning_rate = '1e-3' is not a number"),
        ("[tokens]\nimage = 1\n", r"use = 1 is not true or false"),
        ("[tokens]\nimage_cache = 5\n", r"image: cache = 5 is not a text"),
        ("[training]\nschedule = 'linear'\n", r"is not one of one-cycle, cosine-restarts, const"),
        ("[data]\nselect = []\n", r"select = \[\] is not one of best, last, test or a whole"),
        ("[data]\nselect = 0\n", r"--select 0: epochs are counted from 1"),
        ("[data]\nselect = 121\n", r"--select 121: the run has 120 epochs"),
        ("training = 3\n", r"training = 3 is not a table"),
        ("[decoder]\noptions = 3\n", r"options = 3 is not a table"),
        ("[model]\ndim = 7\n", r"--dim 7 must be a multiple of --heads 4"),
        ("[data]\nholdout = 1.5\n", r"--holdout must lie in \[0, 1\), not 1\.5"),
    ],
)
def test_mistakes_name_file_and_key(tmp_path, text, message):
    with pytest.raises(UsageError, match=message) as caught:
        read(text, tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'config.toml'}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epochs", 0, "--epochs must be at least 1"),
        ("batch_size", -1, "--batch-size must be at least 1"),
        ("evaluate_every", 0, "--evaluate-every must be at least 1"),
        ("restart_epochs", 0, "--restart-epochs must be at least 1"),
        ("contrastive_entities", 0, "--contrastive-entities must be at least 1"),
        ("learning_rate", 0.0, "--learning-rate must be above 0"),
        ("learning_rate", math.nan, "--learning-rate must be above 0"),
        ("clip", -1.0, "--clip must be above 0"),
        ("temperature", 0.0, "--temperature must be above 0"),
        ("contrastive", -0.1, "--contrastive must not be negative"),
        ("contrastive", math.nan, "--contrastive must not be negative"),
        ("patience", -1, "--patience must not be negative"),
        ("seed", -1, "--seed must not be negative"),
        ("seed", 2**63, "--seed must be below"),
        ("label_smoothing", 1.0, "--label-smoothing must lie in"),
        ("warmup", math.nan, "--warmup must lie in"),
    ],
)
def test_values_out_of_range(name, value, message):
    with pytest.raises(ValueError, match=message):
        TrainingSettings(**{name: value})


def test_files_that_are_no_toml(tmp_path):
    with pytest.raises(DataError, match=r"config\.toml: no such file"):
        read_toml(tmp_path / "config.toml")
    with pytest.raises(DataError, match="cannot be read"):
        read_toml(tmp_path)
    with pytest.raises(DataError, match=r"is not TOML: .*line 2"):
        read("[training]\nepochs = = 3\n", tmp_path)
    with pytest.raises(DataError, match="is not TOML: nested too deep"):
        read("x = " + "[" * 9000, tmp_path)
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="is not TOML"):
        read_toml(tmp_path / "config.toml")


def test_every_setting_is_explained():
    for field, _ in leaves(Settings()):
        assert field.metadata["help"].endswith("."), field.name
