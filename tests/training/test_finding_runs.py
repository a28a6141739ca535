"""Which run is meant, and what a list says of each."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from bare_runs import finished, interrupted

from mygo_cli.errors import DataError
from mygo_cli.graph.reading import read_graph
from mygo_cli.runs.assemble import graph_identity
from mygo_cli.runs.checkpoint import save_checkpoint
from mygo_cli.runs.finding import find_run, named_run
from mygo_cli.runs.listing import list_runs


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "work" / "runs"


# Found by name


def test_a_run_by_name_or_path(runs):
    folder = finished(runs, "one", 1)
    finished(runs, "two", 2)
    assert find_run(Path("one"), runs).path == folder.path
    assert find_run(folder.path, Path("elsewhere")).path == folder.path
    with pytest.raises(
        DataError, match=r"three: no such run\. Runs lie in .*runs\. List them with"
    ):
        find_run(Path("three"), runs)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("20260101-1", "20260101-120000_world_tucker_big"),
        ("20260102", "20260102-120000_world_dot_small"),
        ("big", "20260101-120000_world_tucker_big"),
        ("dot_small", "20260102-120000_world_dot_small"),
    ],
)
def test_a_part_of_a_name(runs, part, name):
    finished(runs, "20260101-120000_world_tucker_big", 1)
    finished(runs, "20260102-120000_world_dot_small", 2)
    (runs / "20260101-notes").mkdir()  # no run
    assert find_run(Path(part), runs).path.name == name
    assert named_run(Path(part), runs).path.name == name


def test_a_folder_beside_that_is_called_alike(runs, tmp_path, monkeypatch):
    finished(runs, "20260101-120000_world_tucker_world", 1)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "world").mkdir()
    assert find_run(Path("world"), runs).path.name == "20260101-120000_world_tucker_world"
    (tmp_path / "other").mkdir()
    with pytest.raises(DataError, match=r"other is not a run: it has no config\.toml"):
        find_run(Path("other"), runs)


def test_a_whole_name_is_no_beginning(runs):
    finished(runs, "one", 1)
    finished(runs, "one-2", 2)
    assert find_run(Path("one"), runs).path.name == "one"


def test_a_part_of_several_names(runs):
    for name in ("a1", "a2"):
        finished(runs, name, 1)
    with pytest.raises(DataError, match=r"a fits 2 runs: a2, a1\. Give more of the name\."):
        find_run(Path("a"), runs)
    for name in ("a3", "a4", "a5"):
        finished(runs, name, 1)
    with pytest.raises(DataError, match=r"a fits 5 runs: a5, a4, a3, a2 and others\."):
        find_run(Path("a"), runs)


def test_a_folder_that_is_no_run(runs):
    (runs / "notes").mkdir(parents=True)
    with pytest.raises(DataError, match=r"notes is not a run: it has no config\.toml"):
        find_run(Path("notes"), runs)


def test_a_run_without_a_model_says_how_to_go_on(runs):
    folder = finished(runs, "one", 1)
    folder.best.unlink()
    with pytest.raises(DataError, match=r"holds no model: .* mygo train --config .*config\.toml"):
        find_run(Path("one"), runs)
    folder.last.write_bytes(b"state")
    with pytest.raises(DataError, match=r"holds no model: .* mygo train --resume .*one"):
        find_run(Path("one"), runs)
    assert named_run(Path("one"), runs).path == folder.path


# The newest


def test_the_newest_run_is_the_finished_one_that_ended_last(runs):
    finished(runs, "20260101_b", 300)
    finished(runs, "20260103_a", 100)
    interrupted(runs, "20260104_c", 400)
    finished(runs, "20260105_d", 500).best.unlink()
    finished(runs, "20260106_e", 600, config="dim: 3")
    finished(runs, "20260107_f", 700).result.write_text("[]")
    finished(runs, "notes", 800).config.unlink()
    assert find_run(None, runs).path.name == "20260101_b"
    assert find_run(Path("20260104_c"), runs).path.name == "20260104_c"  # by name it answers


def test_no_run_yet(runs):
    for make in (lambda: None, lambda: runs.mkdir(parents=True)):
        make()
        with pytest.raises(DataError, match=r"holds no finished run\. Train one with mygo train"):
            find_run(None, runs)
    folder = interrupted(runs, "one", 1)
    with pytest.raises(DataError, match=r"go on with: mygo train --resume .*one"):
        find_run(None, runs)
    folder.last.unlink()
    with pytest.raises(DataError, match=r"go on with: mygo train --config .*config\.toml"):
        find_run(None, runs)


def graph_of(tmp_path, name, facts):
    (tmp_path / name).mkdir()
    (tmp_path / name / "train.txt").write_text(facts)
    return read_graph(tmp_path / name)


def trained_on(runs, name, when, graph):
    folder = finished(runs, name, when, f'[data]\nfolder = "{graph.folder}"\n')
    save_checkpoint(folder.best, {"graph": graph_identity(graph), "weight": torch.zeros(1)})


def test_the_newest_run_of_a_graph(runs, tmp_path):
    ours, other = (graph_of(tmp_path, name, f"{name}\tr\tb\n") for name in ("ours", "other"))
    copy = graph_of(tmp_path, "copy", "ours\tr\tb\n")
    trained_on(runs, "old", 100, ours)
    trained_on(runs, "new", 200, ours)
    trained_on(runs, "elsewhere", 300, copy)
    trained_on(runs, "another", 400, other)
    finished(runs, "damaged", 500)
    assert find_run(None, runs, ours).path.name == "new"
    assert find_run(None, runs, copy).path.name == "elsewhere"
    assert find_run(None, runs, other).path.name == "another"
    moved = graph_of(tmp_path, "moved", "ours\tr\tb\n")
    assert find_run(None, runs, moved).path.name == "elsewhere"
    nobodys = graph_of(tmp_path, "nobodys", "x\tr\tb\n")
    with pytest.raises(DataError, match=r"finished run of the graph .*nobodys\. Train one with"):
        find_run(None, runs, nobodys)


# Listed


def test_a_list(runs):
    settings = '[tokens.image]\nuse = false\n[decoder]\nname = "dot"\n[training]\nepochs = 3\n'
    finished(runs, "a", 100, settings)
    interrupted(runs, "b", 300)
    finished(runs, "c", 200, "[tokens.image]\nuse = false\n[tokens.text]\nuse = false\n")
    b, c, a = list_runs(runs)
    assert (a.run, a.graph, a.decoder, a.tokens) == ("a", "world", "dot", "text 16")
    assert (a.epochs_done, a.valid_mrr, a.state, a.way_on) == ("3 of 3", 0.25, "finished", None)
    assert (b.tokens, b.epochs_done, b.valid_mrr) == ("image 8, text 16", "2 of 120", 0.125)
    assert (b.state, b.way_on) == ("unfinished", f"mygo train --resume {runs / 'b'}")
    assert c.tokens == "none"
    assert list_runs(runs / "nowhere").records() == []


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda run: run.config.unlink(), "There is no config.toml."),
        (lambda run: run.config.write_text("dim: 3"), "config.toml is not TOML"),
        (lambda run: run.config.write_text("[model]\nwidth = 3"), "unknown setting"),
        (lambda run: run.config.write_bytes(b"\xff"), "config.toml"),
        (lambda run: run.best.unlink(), "There is no checkpoints/best.pt."),
        (lambda run: run.result.write_text("{"), "does not hold what mygo writes there"),
        (lambda run: run.result.write_text("[]"), "does not hold what mygo writes there"),
        (lambda run: run.result.write_text("{}"), "does not hold what mygo writes there"),
        (lambda run: run.metrics.write_text("{3}\n"), "metrics.jsonl is damaged."),
        (lambda run: run.metrics.write_text('{"loss": 3}\n'), "metrics.jsonl is damaged."),
        (lambda run: run.metrics.mkdir(), "metrics.jsonl: Is a directory."),
    ],
)
def test_a_damaged_run_is_listed(runs, damage, problem):
    folder = finished(runs, "one", 1)
    damage(folder)
    (row,) = list_runs(runs)
    assert (row.run, row.state, row.graph, row.epochs_done) == ("one", "damaged", None, None)
    assert problem in row.problem
    assert len(row.problem.splitlines()) == 1


def test_a_file_in_place_of_the_runs(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(DataError, match=r"cannot be read: Not a directory\. Name another"):
        list_runs(tmp_path / "runs")
