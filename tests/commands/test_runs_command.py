"""`mygo runs`, and the names that runs are given and found by."""

from __future__ import annotations

import json
import shutil

import pytest
from run_files import only_run, result_of
from test_heavy_imports import HEAVY, MYGO, imported_by


def listed(mygo, *words):
    ended = mygo("runs", *words, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


def test_a_run_is_listed(mygo, trained):
    (run,) = trained.iterdir()
    (row,) = listed(mygo, "--runs-dir", trained)
    assert row == {
        "run": run.name,
        "graph": "small",
        "decoder": "tucker",
        "tokens": "image 3, text 3",
        "epochs": 3,
        "epochs_asked": 3,
        "valid_mrr": result_of(run)["splits"]["valid"]["overall"]["mrr"],
        "state": "finished",
        "way_on": None,
        "problem": None,
    }
    lines = [line.split() for line in mygo("runs", "--runs-dir", trained).out.splitlines()]
    assert lines[1] == ["run", "graph", "decoder", "tokens", "epochs", "valid", "MRR", "state"]
    assert lines[3][0] == run.name
    assert lines[3][-1] == "finished"


def test_unfinished_and_damaged_runs_say_what_to_do(mygo, copied):
    (run,) = copied.iterdir()
    half = shutil.copytree(run, copied / "half")
    (half / "result.json").unlink()
    (copied / "broken").mkdir()
    ended = mygo("runs", "--runs-dir", copied)
    assert ended.code == 0
    lines = ended.out.splitlines()
    way_on = f"mygo train --resume {half}"
    assert f"half: unless it is still training, go on with: {way_on}" in lines
    assert "broken: There is no config.toml." in lines
    states = {
        row["run"]: (row["state"], row["way_on"]) for row in listed(mygo, "--runs-dir", copied)
    }
    assert states == {
        run.name: ("finished", None),
        "half": ("unfinished", way_on),
        "broken": ("damaged", None),
    }
    assert mygo(*way_on.split()[1:]).code == 0  # the way out works
    assert {row["state"] for row in listed(mygo, "--runs-dir", copied)} == {"finished", "damaged"}


def test_no_runs(mygo):
    ended = mygo("runs")
    assert (ended.code, ended.out) == (
        0,
        "mygo-work/runs holds no runs. Train one with mygo train.\n",
    )
    assert listed(mygo) == []


def test_it_is_quick(trained, tmp_path):
    assert imported_by(MYGO, "runs", "--runs-dir", trained, cwd=tmp_path) & HEAVY == set()


def test_a_run_is_found_by_the_name_it_was_given(train, mygo):
    assert train("--name", "first-try").code == 0
    run = only_run()
    assert run.name.endswith("_small_tucker_first-try")
    assert train("--epochs", 1).code == 0
    ended = mygo("evaluate", "--run", "first-try", "--device", "cpu")
    assert (ended.code, ended.err) == (0, f"Run {run.name} answers, on the graph small.\n")
    ended = mygo("evaluate", "--run", run.name[:4], "--device", "cpu")
    assert ended.code == 1
    assert f"{run.name[:4]} fits 2 runs: " in ended.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--name", "a/b"], "--name a/b: a run is called by letters, digits, dots, dashes"),
        (["--name", "a", "--resume", "x"], "--resume goes on with the settings of its run"),
    ],
)
def test_wrong_names(mygo, words, message):
    ended = mygo("train", *words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
