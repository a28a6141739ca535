"""`mygo plot`: curves of one or several runs as PNG or SVG."""

from __future__ import annotations

import re
import shutil
import sys

import pytest
from PIL import Image


@pytest.fixture
def plot(mygo, copied):
    return lambda *words: mygo("plot", *words, "--runs-dir", copied)


def texts(path):
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text(encoding="utf-8"))


def test_the_newest_run_as_png(plot, tmp_path):
    ended = plot()
    assert (ended.code, ended.out) == (0, "curves.png: loss and MRR of 1 run\n")
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > 2 * picture.height
        # The line of a run has its colour: something was drawn.
        assert (0, 114, 178) in set(picture.convert("RGB").get_flattened_data())


def test_several_runs_as_svg(plot, copied, tmp_path):
    pytest.importorskip("matplotlib")
    (run,) = copied.iterdir()
    others = ("中文_$a$", "_begun")
    for name in others:
        shutil.copytree(run, copied / name)
    (copied / "_begun" / "result.json").unlink()  # one that is not finished has curves, too
    ended = plot(run.name, *others, "-o", tmp_path / "all.SVG")
    assert ended.out == f"{tmp_path / 'all.SVG'}: loss and MRR of 3 runs\n"
    assert ended.err == ""
    found = [text.strip() for text in texts(tmp_path / "all.SVG")]
    assert {
        "epoch",
        "loss (dashed, hollow: contrastive)",
        "validation MRR",
        run.name,
        *others,
    } <= set(found)
    again = (tmp_path / "all.SVG").read_bytes()
    plot(run.name, *others, "-o", tmp_path / "all.SVG")
    assert (tmp_path / "all.SVG").read_bytes() == again


def test_mistakes_cost_one_line(plot, copied, tmp_path, monkeypatch):
    (run,) = copied.iterdir()
    for words, code, message in (
        (("-o", "curves.pdf"), 2, "curves.pdf does not say its format. End it in .png or .svg."),
        (("nowhere",), 1, "nowhere: no such run."),
        (("-o", tmp_path / "no" / "c.png"), 1, "c.png cannot be written: there is no folder"),
    ):
        ended = plot(*words)
        assert (ended.code, len(ended.err.splitlines())) == (code, 1)
        assert message in ended.err
    (run / "metrics.jsonl").unlink()
    assert "has no record of its epochs" in plot().err
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    ended = plot()
    assert ended.code == 1
    assert ended.err == (
        "Error: Drawing needs the package matplotlib, which is not installed. "
        "pip install 'mygo-kg[plot]'\n"
    )
