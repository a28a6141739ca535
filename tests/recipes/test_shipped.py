"""The files that come with mygo are settings, and say what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from mygo_cli.errors import UsageError
from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.merging import resolve
from mygo_cli.settings.recipes import find_shipped, read_recipe, shipped
from mygo_cli.settings.sections import Settings

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"
RECIPES = ["db15k", "db15k-paper", "large", "mkg-w", "mkg-w-paper", "mkg-y", "mkg-y-paper", "world"]


def settings_of(name):
    return resolve(from_dict(Settings, read_recipe(name), name))


def test_all_are_listed_with_a_description():
    found = shipped()
    assert [each.name for each in found if each.kind == "recipe"] == RECIPES
    assert [each.name for each in found if each.kind == "experiment"] == [
        "ablation",
        "decoders",
        "tokens",
    ]
    assert all(0 < len(each.description) < 80 for each in found)


def test_world_is_the_defaults():
    assert settings_of("world") == resolve(Settings())


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_are_settings_that_choose_honestly(name):
    settings = settings_of(name)
    if name.startswith("db15k"):  # its validation file leaks
        assert settings.data.holdout > 0 or settings.data.select == "last"
    else:
        assert (settings.data.holdout, settings.data.select) == (0, "best")
    assert settings.data.folder is settings.tokens.image.cache is settings.tokens.text.cache is None


def test_the_page_tells_what_was_published():
    rows = {
        cells[0]: cells[1:]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| ")
        for cells in [[cell.strip() for cell in line.replace("*", "").strip("| ").split("|")]]
    }
    for column, name in enumerate(("db15k-paper", "mkg-w-paper", "mkg-y-paper")):
        settings = settings_of(name)
        model, tokens, training = settings.model, settings.tokens, settings.training
        shown = {title: cells[column] for title, cells in rows.items() if len(cells) == 3}
        assert float(shown["learning rate"]) == training.learning_rate
        sizes = f"{model.dim}, {model.feed_forward}, {model.heads}"
        assert shown["width, feed-forward, heads"] == sizes
        assert shown["layers of the triple encoder"] == str(model.triple_layers)
        kept = f"{tokens.image.keep}, {tokens.text.keep}"
        assert shown["image and text tokens kept"] == kept
        assert shown["dropout on structure, image, text"] == (
            f"{model.structure_dropout}, {model.image_dropout}, {model.text_dropout}"
        )
        assert float(shown["weight of the contrastive loss"]) == training.contrastive
        assert (model.entity_layers, model.dropout, training.epochs) == (1, 0.01, 1500)
        assert (training.batch_size, training.clip, training.questions) == (2048, 0.1, "coin-flip")
        assert (training.schedule, training.restart_epochs) == ("cosine-restarts", 50)
        assert training.epochs / training.evaluate_every == 30  # the published number of looks
        dropouts = {key: settings.decoder.options[f"{key}_dropout"] for key in ("input", "output")}
        assert dropouts == {"input": 0.3, "output": 0.5}
        assert settings.decoder.options["matrix_dropout"] == 0.4
        assert settings.decoder.options["relation_dropout"] == 0


def test_names():
    assert find_shipped("DB15K", "recipe").path.name == "db15k.toml"
    with pytest.raises(UsageError, match=r"db15: no such recipe\. Did you mean db15k"):
        find_shipped("db15", "recipe")
    with pytest.raises(UsageError, match="ablation: no such recipe"):
        find_shipped("ablation", "recipe")
