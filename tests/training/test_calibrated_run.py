"""`calibration.json`: fitted without a look at test, kept, and fitted again when it must be."""

from __future__ import annotations

import dataclasses
import json
import logging

import pytest
import torch
from tiny_training import ENTITIES, tiny_graph

from mygo_cli.runs.calibration import calibrate, calibration_of
from mygo_cli.runs.folder import RunFolder


class Scores:
    """A stand-in for a model that counts how often it is asked."""

    def __init__(self):
        self.asked = 0
        self.table = torch.randn(2, 3, ENTITIES, ENTITIES, generator=torch.manual_seed(0))

    def __call__(self, queries):
        self.asked += 1
        return self.table[queries.predict_head.long(), queries.relation, queries.entity]


@pytest.fixture
def scores():
    return Scores()


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


def test_the_curve_never_sees_test(scores):
    graph = tiny_graph()
    blind = dataclasses.replace(graph, test=graph.test[:0])
    whole, found = calibrate(scores, graph), calibrate(scores, blind)
    assert found.curve == whole.curve
    assert (found.before, found.after) == (None, None)
    assert whole.before.bins != whole.after.bins
    assert sum(each.count for each in whole.after.bins) >= whole.answers * 0.5


def test_no_validation_no_curve(scores, folder):
    graph = dataclasses.replace(tiny_graph(), valid=tiny_graph().valid[:0])
    assert calibration_of(folder, scores, graph, 3) is None
    assert not folder.calibration.exists()


def test_it_is_fitted_once(scores, folder):
    graph = tiny_graph()
    first = calibration_of(folder, scores, graph, 3)
    asked = scores.asked
    assert calibration_of(folder, scores, graph, 3) == first
    assert scores.asked == asked
    content = json.loads(folder.calibration.read_text())
    assert content["epoch"] == 3
    assert content["after"]["error"] == first.after.error


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"epoch": 3}', "null"])
def test_a_damaged_file_is_written_again(damage, scores, folder):
    first = calibration_of(folder, scores, tiny_graph(), 3)
    whole = folder.calibration.read_text()
    folder.calibration.write_text(damage)
    assert calibration_of(folder, scores, tiny_graph(), 3) == first
    assert folder.calibration.read_text() == whole


NO_CURVE = ([], [0.5], [0.9, 0.1], [0.1, None], [0.1, "x"], [0.1, float("nan")], 3)


@pytest.mark.parametrize(
    ("column", "points"),
    [*((column, points) for column in ("probability", "share") for points in NO_CURVE),
     ("share", [0.1, 9.0]), ("probability", [0.1, float("inf")])],
)  # fmt: skip
def test_what_is_no_rising_curve_is_written_again(column, points, scores, folder):
    first = calibration_of(folder, scores, tiny_graph(), 3)
    whole = folder.calibration.read_text()
    content = json.loads(whole)
    content["curve"] = {"probability": [0.1, 0.2], "share": [0.3, 0.4], column: points}
    folder.calibration.write_text(json.dumps(content))
    assert calibration_of(folder, scores, tiny_graph(), 3) == first
    assert folder.calibration.read_text() == whole


def test_another_epoch_or_other_facts_are_fitted_again(scores, folder):
    graph = tiny_graph()
    calibration_of(folder, scores, graph, 3)
    for other, epoch in ((graph, 4), (dataclasses.replace(graph, test=graph.test[:3]), 4)):
        asked = scores.asked
        calibration_of(folder, scores, other, epoch)
        assert scores.asked > asked


def test_a_folder_that_cannot_be_written_to(scores, tmp_path, caplog):
    gone = RunFolder(tmp_path / "gone")
    with caplog.at_level(logging.WARNING, "mygo_cli"):
        assert calibration_of(gone, scores, tiny_graph(), 3) is not None
    assert "The calibration is not kept" in caplog.text
