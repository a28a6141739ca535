"""Wrong arguments from Python: one line that says so, never another answer than was asked for."""

from __future__ import annotations

import numpy as np
import pytest

import mygo_cli as mygo
from mygo_cli.errors import UsageError


@pytest.fixture
def run(trained):
    return mygo.open_run(device="cpu", runs_dir=trained)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (np.array([[-1, 0, 0]]), r"\[-1, 0, 0\] is no fact of small"),
        (np.array([[0, 3, 0]]), "20 entities and 3 relations are numbered from 0"),
        (np.array([[0, 0, 10**6]]), "is no fact of small"),
        (np.array([0, 0, 0]), r"Rows of shape \(3,\) are no triples"),
        (np.array([[0.0, 0.0, 0.0]]), "No entity is called"),
        ([("kenya", "grows", None)], "No entity is called None"),
        ([3], "3 is no fact"),
        (["kenya"], "'kenya' is no fact"),
    ],
)
def test_facts(run, wrong, said):
    for ask in (run.score, run.score_facts):
        with pytest.raises(UsageError, match=said):
            ask(wrong)


def test_arrays_of_names_and_rows(run):
    facts = [("kenya", "grows", "tea"), ("japan", "grows", "rice")]
    for kind in (str, object):
        assert run.score(np.array(facts, dtype=kind)).tolist() == run.score(facts).tolist()
    rows = run.graph.test.astype(np.uint16)
    assert run.score(rows).tolist() == run.score(run.graph.test).tolist()


def test_choices(run):
    for ask in (
        lambda: run.complete(side="tails"),
        lambda: run.complete(pairs="sen"),
        lambda: run.evaluate(ties="realstic"),
        lambda: run.explain("kenya", "grows", "tea", ask="tials"),
        lambda: mygo.tokenize(run.graph, precision="bf61"),
    ):
        with pytest.raises(UsageError, match=r"is no choice\. Did you mean"):
            ask()


def test_counts(run, caches, world):
    (path,) = caches.rglob("text-*.h5")
    for ask in (
        lambda: run.evaluate(batch_size=-1),
        lambda: run.evaluate(batch_size=0),
        lambda: run.complete(top=2, batch_size=-3),
        lambda: run.score_facts(run.graph.test, batch_size=-1),
        lambda: run.rank("kenya", "grows", top=2.5),
        lambda: run.rank("kenya", "grows", top=True),
        lambda: mygo.load_tokens(path, world, keep=-1),
        lambda: mygo.tokenize(world, limit=-1),
        lambda: mygo.tokenize(world, workers=0),
    ):
        with pytest.raises(UsageError, match=r"will not do\. Give a whole number, 1 or more"):
            ask()
    assert len(run.rank("kenya", "grows", top=np.int64(2))) == 2


def test_names(run):
    for ask in (
        lambda: run.rank(head=3, relation="grows"),
        lambda: run.rank(head="", relation="grows"),
        lambda: run.explain(head=mygo.Unseen(text="x"), relation="grows"),
    ):
        with pytest.raises(UsageError, match="No entity is called"):
            ask()


def test_numbers_of_numpy_and_a_single_cache(world, caches, tmp_path):
    (path,) = caches.rglob("text-*.h5")
    sizes = {"epochs": np.int64(1), "dim": np.int32(8), "text_dropout": np.float32(0.5), "heads": 2}
    run = mygo.train(world, str(path), runs_dir=tmp_path / "runs", device="cpu", **sizes)
    training, model = run.settings.training, run.settings.model
    assert (type(training.epochs), training.epochs, model.dim) == (int, 1, 8)
    assert model.text_dropout == 0.5
    assert list(run.settings.tokens.used) == ["text"]
    with pytest.raises(UsageError, match="is not a whole number"):
        mygo.train(world, str(path), epochs=np.float64(1))


def test_a_picture_of_an_explanation_is_a_png(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    found = run.explain("kenya", "grows")
    found.save_png("~/why.png")
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match=r"End it in \.png"):
        found.save_png(tmp_path / "why.gif")
