"""Points to pixels, and round numbers beside the axes."""

from __future__ import annotations

import pytest

from mygo_cli.pages.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart, round_step
from mygo_cli.pages.rendering import environment


def test_corners_of_the_axes():
    found = chart("Loss", "epoch", {"loss": [(0, 0), (10, 5)]}, (0, 10), (0, 5))
    assert found.lines[0].corners == [(LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, TOP)]
    assert found.lines[0].path == f"{LEFT}.0,{HEIGHT - BOTTOM}.0 {WIDTH - RIGHT}.0,{TOP}.0"
    assert [tick.label for tick in found.x_ticks] == ["0", "2", "4", "6", "8", "10"]
    assert [tick.label for tick in found.y_ticks] == ["0", "1", "2", "3", "4", "5"]
    assert found.y_ticks[0].place > found.y_ticks[-1].place  # larger is higher up


@pytest.mark.parametrize(
    ("points", "labels"),
    [
        ([(1, 0.37), (120, 0.39)], ["0", "0.1", "0.2", "0.3"]),
        ([(1, 0.0)], ["0", "0.2", "0.4", "0.6", "0.8", "1"]),  # all the same: still an axis
        ([(1, -2.0), (2, 1.0)], ["-2", "-1", "0", "1"]),
        ([(1, 3e6)], ["0", "1e+06", "2e+06", "3e+06"]),
    ],
)
def test_labels_are_round_and_begin_at_zero(points, labels):
    assert [tick.label for tick in chart("", "", {"a": points}).y_ticks] == labels


@pytest.mark.parametrize(
    ("least", "step"), [(0.0021, 0.005), (0.1, 0.1), (1.9, 2), (5.1, 10), (51, 100)]
)
def test_steps(least, step):
    assert round_step(least) == pytest.approx(step)


def test_nothing_to_draw():
    assert chart("Loss", "epoch", {}) is None
    assert chart("Loss", "epoch", {"loss": []}) is None
    found = chart("Loss", "epoch", {"loss": [(1, 1)], "other": []})
    assert [line.name for line in found.lines] == ["loss"]


def test_a_line_of_one_corner_is_a_dot():
    draw = environment().get_template("drawing.html").module.draw
    assert 'r="3"' in draw(chart("MRR", "epoch", {"valid": [(6, 0.2)]}))
    assert 'r="3"' not in draw(chart("MRR", "epoch", {"valid": [(6, 0.2), (7, 0.3)]}))
