"""`--run first+second`: several runs that answer by the mean of their scores."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from run_files import newest_run
from small_world import QUICK

import mygo_cli as python
from mygo_cli.errors import DataError
from mygo_cli.model.queries import ask


@pytest.fixture
def two(train):
    """Train two runs, one without pictures, and return their folders."""
    folders = []
    for words in (("--name", "first"), ("--name", "second", "--decoder", "dot", "--no-image")):
        assert train(*words, "--seed", len(folders)).code == 0
        folders.append(newest_run())
    return folders


def opened(words="first+second"):
    return python.open_run(words, device="cpu", runs_dir="mygo-work/runs")


def test_the_scores_are_the_mean(two):
    queries = ask(opened().graph.test).queries
    own = torch.stack([opened(name).scorer(queries) for name in ("first", "second")])
    torch.testing.assert_close(opened().scorer(queries), own.mean(0))
    assert opened().name == "+".join(folder.name for folder in two)
    assert opened().has_tokens("image") is not None  # one of them reads pictures


def test_every_command_that_asks_for_scores_takes_them(two, mygo):
    mean = json.loads(mygo("evaluate", "--run", "first+second", "--json").out)
    assert mean["run"] == f"{two[0].name}+{two[1].name}"
    assert mean["overall"] == opened().evaluate().overall.row()
    joined, alone, both = "first+second", "first", "first,second"
    compared = json.loads(mygo("compare", alone, joined, both, "--json").out)["runs"]
    assert compared[1]["mrr"] == pytest.approx(mean["overall"]["mrr"], abs=1e-9)
    assert mean["run"] in compared[1].values()
    question = ("--head", "kenya", "--relation", "grows")
    ended = mygo("rank", "--run", joined, *question)
    assert ended.code == 0
    assert f"Runs {mean['run']} answer together" in ended.err
    for words in (
        ("rank", "--head", "kenya", "--tail", "tea", "--run", joined),
        ("score", "kenya", "grows", "tea", "--run", joined),
        ("export", joined, "--what", "scores"),
    ):
        ended = mygo(*words)
        assert ended.code == 0, ended.err


def test_what_needs_one_model_says_so(two, mygo):
    question = ("--head", "kenya", "--relation", "grows")
    for words in (
        ("explain", "--run", "first+second", *question),
        ("rank", "--run", "first+second", "--head-text", "Old land", *question[2:]),
        ("report", "first+second"),
        ("export", "first+second"),
        ("export", "first+second", "--what", "bundle"),
        ("explore", "first+second", "--port", "0"),
    ):
        ended = mygo(*words)
        assert ended.code == 2, words
        assert f"needs the model of one. Name one, such as {two[0].name}." in ended.err


def test_confidence_is_measured_once(two, monkeypatch):
    curve = opened().calibration.curve
    assert opened("first").calibration.curve != curve  # its own is another
    monkeypatch.setattr("mygo_cli.runs.calibration.calibrate", None)
    assert opened().calibration.curve == curve


def test_names_that_do_not_do(two, mygo, monkeypatch, tmp_path):
    for words, said in (
        ("first+first", "is named twice"),
        ("first+", "names no run beside a +"),
        ("first+third", "third: no such run"),
    ):
        ended = mygo("evaluate", "--run", words)
        assert ended.code == 2 - ("third" in words)
        assert said in ended.err
    two[1].rename(two[1].with_name("third+fourth"))  # a run that is called so is one
    assert opened("third+fourth").name == "third+fourth"
    assert not opened("third+fourth").members


def test_names_with_a_plus(two, mygo):
    runs = two[0].parent
    two[0].rename(runs / "2026_c++_tucker_big")
    two[1].rename(runs / "2026_c++_dot_small")
    assert not opened("2026_c++_t").members
    for name in ("2026_c++_tucker_big+2026_c++_dot_small", "big+2026_c++_dot"):
        assert [each.path.name for each in opened(name).folders] == [
            "2026_c++_tucker_big",
            "2026_c++_dot_small",
        ]
    said = mygo("evaluate", "--run", "big+gone")
    assert "gone: no such run" in said.err


def test_what_is_kept_is_of_these_models(two):
    curve = opened().calibration.curve
    best = two[1] / "checkpoints" / "best.pt"
    best.write_bytes((two[0] / "checkpoints" / "best.pt").read_bytes())
    shutil.copyfile(two[0] / "config.toml", two[1] / "config.toml")
    assert opened().calibration.curve != curve  # the names are the same, the second model is not


def test_another_graph_is_refused(train, mygo, world, tmp_path):
    assert train("--name", "here").code == 0
    other = tmp_path / "small"
    shutil.copytree(world, other)
    for name, source in (("valid", "test"), ("test", "valid")):
        shutil.copyfile(world / f"{source}.txt", other / f"{name}.txt")
    words = ("--data", other, "--no-image", "--no-text", *QUICK, "--name", "there")
    assert mygo("train", *words).code == 0
    ended = mygo("evaluate", "--run", "here+there")
    assert ended.code == 1
    assert "was trained on other triples than" in ended.err
    assert "Runs that answer together are of one graph." in ended.err


def test_validation_is_what_all_held_out(train):
    for seed in (0, 1):
        assert train("--holdout", "0.3", "--seed", seed, "--name", f"h{seed}").code == 0
    held = [{tuple(row) for row in opened(name).graph.valid.tolist()} for name in ("h0", "h1")]
    joint = opened("h0+h1").graph
    assert {tuple(row) for row in joint.valid.tolist()} == held[0] & held[1]
    assert held[0] != held[1]
    assert len(joint.train) + len(joint.valid) == len(python.read_graph(joint.folder).train)
    whole = np.unique(joint.fact_keys(joint.all_triples()))
    assert len(whole) == len(np.unique(joint.fact_keys(opened("h0").graph.all_triples())))
    assert train("--name", "all").code == 0
    none = opened("h0+all").graph
    assert not len(none.valid)  # the second one learned from what the first held out
    with pytest.raises(DataError, match="no valid triples"):
        opened("h0+all").evaluate("valid")


def test_one_that_looked_at_test_labels_all(train, mygo):
    assert train("--name", "honest").code == 0
    assert train("--name", "looked", "--select", "test", "--seed", "1").code == 0
    ended = mygo("evaluate", "--run", "honest+looked")
    assert ended.code == 0
    assert "test split" in ended.out
    assert json.loads(mygo("evaluate", "--run", "honest+looked", "--json").out)["selected_by"] == (
        opened("looked").selected_by
    )


def test_a_completion_goes_on_with_the_same_runs_only(two, mygo, monkeypatch):
    from mygo_cli.completion.unfinished import Unfinished

    saved = []
    keep = Unfinished.save
    monkeypatch.setattr(
        Unfinished,
        "save",
        lambda file, *how: (saved.append(file.settings["model"]), keep(file, *how)),
    )
    for runs in ("first+second", "first", "second+first"):
        assert mygo("complete", "--run", runs, "--output", "facts.tsv").code == 0
    assert len(set(saved)) == 3
