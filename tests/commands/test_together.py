"""`--run first+second`: several runs that answer by the mean of their scores."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from run_files import newest_run

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
