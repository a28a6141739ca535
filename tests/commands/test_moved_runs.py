"""Runs that were copied or moved, with their graph or in a bundle."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from run_files import settings_of
from small_world import QUICK
from token_fakes import Letters

from mygo_cli.errors import DataError
from mygo_cli.graph.reading import read_graph
from mygo_cli.runs import unseen_reading
from mygo_cli.runs.opened import open_run

QUESTION = ("--head", "japan", "--relation", "grows", "--json")


@pytest.fixture
def project(tmp_path, mygo, world, caches):
    """Return a folder with a graph, its caches and a trained run, and what the run answers."""
    home = tmp_path / "project"
    shutil.copytree(world, home / "data" / "small")
    shutil.copytree(caches, home / "mygo-work" / "cache")
    words = ("--cache-dir", home / "mygo-work" / "cache", "--runs-dir", home / "mygo-work" / "runs")
    assert mygo("train", "--data", home / "data" / "small", *words, *QUICK).code == 0
    (run,) = (home / "mygo-work" / "runs").iterdir()
    return home, run, mygo("rank", "--run", run, *QUESTION).out


def test_a_copied_project_answers_on_its_own_graph(project, mygo, tmp_path):
    home, run, answer = project
    explained = mygo("explain", "--run", run, *QUESTION).out
    moved = home.rename(tmp_path / "elsewhere")
    run = moved / run.relative_to(home)
    assert mygo("rank", "--run", run, *QUESTION).out == answer
    assert mygo("explain", "--run", run, *QUESTION).out == explained  # in words: caches were found
    assert mygo("evaluate", "--runs-dir", run.parent).code == 0
    assert mygo("complete", "--run", run, "--top", 3).code == 0


def test_a_copied_project_reads_new_texts_and_its_probe(project, mygo, tmp_path, monkeypatch):
    home, run, _ = project
    unseen_reading._opened.cache_clear()
    letters = SimpleNamespace(tokenizer=Letters(), flag="the tokenizer")
    monkeypatch.setattr("mygo_cli.tokenizing.unseen.rebuild", lambda cache, device: letters)
    words = ("--head-text", "an island", "--relation", "grows", "--json")
    answer = mygo("rank", "--run", run, *words).out
    probe = mygo("tokens", "probe", "--run", run, "--json").out
    run = home.rename(tmp_path / "elsewhere") / run.relative_to(home)
    assert mygo("rank", "--run", run, *words).out == answer
    assert mygo("tokens", "probe", "--run", run, "--json").out == probe


def test_resuming_in_a_copied_project(project, mygo, tmp_path):
    home, run, _ = project
    moved = home.rename(tmp_path / "elsewhere")
    run = moved / run.relative_to(home)
    (run / "result.json").unlink()
    assert mygo("train", "--resume", run).code == 0
    assert (run / "result.json").exists()


def test_what_a_run_held_out_is_measured_after_facts_were_added(project, mygo, world):
    home, _, _ = project
    graph, runs = home / "data" / "small", home / "held"
    words = ("--data", graph, "--cache-dir", home / "none", "--runs-dir", runs, "--holdout", 0.2)
    assert mygo("train", *words, *QUICK).code == 0
    (run,) = (path for path in runs.iterdir() if path.is_dir())
    held = open_run(run).graph.valid.tolist()
    with (graph / "train.txt").open("a") as file:
        file.write("\njapan\tgrows\tjapan\nperu\tgrows\tperu\n")
    grown = open_run(run).graph
    assert grown.valid.tolist() == held
    assert len(grown.train) == len(read_graph(world).train) + 2 - len(held)


def test_nonsense_in_place_of_what_was_held_out(project):
    _, run, _ = project
    best = run / "checkpoints" / "best.pt"
    content = torch.load(best)
    for wrong in (torch.tensor([[0, 0, 10_000]]), torch.tensor([[0, -1, 0]]), torch.zeros(2, 3)):
        torch.save({**content, "held_out": wrong}, best)
        with pytest.raises(DataError, match=r"best\.pt is damaged: .*held.out is"):
            open_run(run)


def test_without_its_graph_a_run_says_what_to_type(project, mygo):
    home, run, _ = project
    (home / "data").rename(home.parent / "kept")
    ended = mygo("rank", "--run", run, *QUESTION)
    assert ended.code == 1
    assert ended.err.splitlines()[-1].endswith(
        "which is not there any more. Name the graph's folder with --data."
    )
    assert mygo("rank", "--run", run, "--data", home.parent / "kept" / "small", *QUESTION).code == 0


def test_a_bundle_answers_alone(project, mygo, tmp_path):
    home, run, answer = project
    ended = mygo("export", run, "--what", "bundle", "--output", "small.bundle")
    assert ended.code == 0
    assert "small.bundle: " in ended.out
    figures = mygo("evaluate", "--run", run, "--json").out
    facts = mygo("complete", "--run", run, "--top", 5, "--json").out
    shutil.rmtree(home)
    bundle = Path("small.bundle").rename(tmp_path / "taken along")
    assert mygo("rank", "--run", bundle, *QUESTION).out == answer
    evaluated = json.loads(mygo("evaluate", "--run", bundle, "--json").out)
    assert (
        evaluated["splits" if "splits" in evaluated else "overall"]
        == (json.loads(figures)["splits" if "splits" in evaluated else "overall"])
    )
    assert mygo("complete", "--run", bundle, "--top", 5, "--json").out == facts
    assert mygo("explain", "--run", bundle, *QUESTION).code == 0
    assert str(home) not in (bundle / "config.toml").read_text()
    assert settings_of(bundle).tokens.image.use


def test_a_bundle_of_a_hold_out_has_the_same_hold_out(train, mygo, tmp_path):
    assert train("--holdout", "0.1", "--name", "held").code == 0
    before = json.loads(mygo("evaluate", "--run", "held", "--split", "valid", "--json").out)
    assert mygo("export", "held", "--what", "bundle", "--output", "b").code == 0
    after = json.loads(mygo("evaluate", "--run", "b", "--split", "valid", "--json").out)
    assert before["overall"] == after["overall"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--output", "taken"], 1, "taken is there already. Name another --output, or delete it."),
        (["--format", "npz"], 2, "A bundle is a folder and has no --format."),
        (["--split", "test"], 2, "--split and --triples are about scores."),
        (["--output", "/proc/none"], 1, "Name another --output."),
    ],
)
def test_mistakes(mygo, trained, words, code, message):
    Path("taken").mkdir()
    ended = mygo("export", "--runs-dir", trained, "--what", "bundle", *words)
    assert ended.code == code
    assert message in ended.err.splitlines()[-1]
