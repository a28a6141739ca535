"""What a run begins from where nothing is named: settings that suit the size of its graph."""

from __future__ import annotations

import dataclasses

import pytest

from mygo_cli.settings.recipes import read_recipe
from mygo_cli.training import beginning
from mygo_cli.training.beginning import LARGE_FROM, begin, recipe_for
from tests.training.tiny_training import tiny_graph


@pytest.fixture
def given(tmp_path, monkeypatch):
    """Return what names a graph of four entities, at a time when four are many."""
    (tmp_path / "train.txt").write_text("a\tr\tb\nb\tr\tc\nc\tr\td\nd\tr\ta\n")
    monkeypatch.setattr(beginning, "LARGE_FROM", 4)
    return {"data": {"folder": str(tmp_path)}, "model": {"dropout": 0.2}}


def test_a_graph_is_large_from_so_many_entities():
    for count, recipe in ((LARGE_FROM - 1, None), (LARGE_FROM, "large")):
        names = tuple(f"e{number}" for number in range(count))
        assert recipe_for(dataclasses.replace(tiny_graph(), entities=names)) == recipe


def test_a_large_graph_begins_from_its_recipe(given, caplog):
    caplog.set_level("INFO")
    settings, graph = begin(None, given, [], None)
    large = read_recipe("large")
    assert settings.training.candidates == large["training"]["candidates"] == 1024
    assert (settings.model.dim, settings.model.dropout) == (large["model"]["dim"], 0.2)
    assert len(graph.entities) == 4
    assert "4 entities: the settings of the recipe large are used." in caplog.text


def test_a_named_recipe_is_taken_whatever_the_size(given, caplog):
    caplog.set_level("INFO")
    assert begin(None, given, [], "world")[0].training.candidates == 0
    assert "large" not in caplog.text
