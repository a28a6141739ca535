"""`mygo tune` on a small graph: what it tries, keeps, goes on with and writes."""

from __future__ import annotations

import csv
import importlib.util
import json
import shutil
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
from run_files import settings_of
from small_world import SIZES, write_split

from mygo_cli.settings.recipes import read_settings
from mygo_cli.training.fit import TrainingRun
from mygo_cli.training.loop import StepDone

FOLDER = Path("mygo-work/runs/tune_small")
GIVEN = [
    word
    for name, value in SIZES.items()
    if name not in ("epochs", "batch-size")
    for word in (f"--{name}", str(value))
]


@pytest.fixture
def tune(mygo, world, caches, monkeypatch):
    """Return a function that tunes with more options, by a clock that each look moves on."""
    ticks = iter(range(10**9))
    clock = SimpleNamespace(monotonic=lambda: next(ticks) / 40)
    monkeypatch.setattr("mygo_cli.tuning.search.time", clock)
    Path("start.toml").write_text("[training]\nepochs = 4\nbatch_size = 32\n")

    def run(*words, data=world):
        start = ("--data", data, "--cache-dir", caches, "--config", "start.toml")
        return mygo("tune", *start, *GIVEN, *words)

    return run


def tried(tune, *words):
    """Return what `--json` prints."""
    ended = tune("--json", *words)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def test_from_a_graph_to_a_recipe_that_train_takes(tune, mygo, caches):
    found = tried(tune, "--budget", "3s")
    best, start = found["trials"][0], next(each for each in found["trials"] if not each["number"])
    assert best["mrr"] >= start["mrr"]
    assert start["values"]["training.epochs"] == 4
    assert len(found["trials"]) > 2
    assert found["recipe"] == str(FOLDER / "recipe.toml")
    assert len(list((FOLDER / "trials").iterdir())) <= 1  # what the end of the time cut off
    assert mygo("train", "--config", found["recipe"], "--cache-dir", caches, "--json").code == 0
    run = next(path.parent for path in FOLDER.parent.glob("*/result.json"))
    settings = settings_of(run)
    assert settings.model.dim == 8  # typed
    assert settings.training.learning_rate == best["values"]["training.learning_rate"]
    mrrs = [
        json.loads(line)["validation_mrr"]
        for line in (run / "metrics.jsonl").read_text().splitlines()
    ]
    # The search knew no test facts, so it left none of them out of the ranks.
    assert max(mrr for mrr in mrrs if mrr is not None) == pytest.approx(best["mrr"], abs=0.1)


def test_the_table_names_what_was_tried(tune):
    ended = tune("--budget", "2s")
    assert ended.code == 0
    assert "learning rate" in ended.out
    assert ended.out.splitlines()[-1] == f"Next: mygo train --config {FOLDER}/recipe.toml"
    assert "trial 0: valid MRR" in ended.err


def test_a_row_for_each_trial(tune):
    rows = list(csv.DictReader(tune("--budget", "2s", "--csv").out.splitlines()))
    assert len(rows) > 1
    assert float(rows[0]["mrr"]) >= float(rows[-1]["mrr"])
    assert float(rows[0]["training.learning_rate"]) > 0


def test_what_mattered_is_told_of_enough_trials(tune):
    few = tried(tune, "--budget", "1s", "--epochs", "1")
    assert few["mattered"] == {}
    many = tried(tune, "--budget", "5s", "--epochs", "1")
    assert len(many["trials"]) >= 10
    shares = list(many["mattered"].values())
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)
    assert set(many["mattered"]) == set(many["trials"][0]["values"])
    assert "What mattered: " in tune("--budget", "5s", "--epochs", "1").out


def test_the_test_split_changes_nothing(tune, world, tmp_path):
    copy = Path(shutil.copytree(world, tmp_path / "elsewhere" / "small"))
    before = tried(lambda *words: tune(*words, data=copy), "--budget", "2s")
    write_split(copy / "test.txt", [("kenya", "borders", "kenya")])
    again = tried(lambda *words: tune(*words, data=copy), "--budget", "2s")
    assert again["trials"] == before["trials"]


def test_without_validation_facts_the_recipe_trains_on_all(tune, world, tmp_path):
    copy = Path(shutil.copytree(world, tmp_path / "elsewhere" / "small"))
    (copy / "valid.txt").unlink()
    ended = tune("--budget", "2s", data=copy)
    assert "10% of train are held out" in ended.err
    recipe = read_settings(FOLDER / "recipe.toml")
    assert recipe["data"] == {"folder": str(copy), "select": "last"}


def test_more_time_goes_on_and_the_same_does_not(tune):
    first = tried(tune, "--budget", "2s")
    same = tried(tune, "--budget", "2s")
    more = tried(tune, "--budget", "3s")
    assert same["trials"] == first["trials"]
    numbers = {each["number"] for each in first["trials"]}
    assert numbers < {each["number"] for each in more["trials"]}


def press_ctrl_c(patch, epoch, run=2):
    """Press Ctrl-C in an epoch of the run that begins as number `run`."""
    events, begun = TrainingRun.events, []

    def pressing(training):
        begun.append(training)
        for event in events(training):
            if len(begun) == run and isinstance(event, StepDone) and event.epoch == epoch:
                signal.raise_signal(signal.SIGINT)
            yield event

    patch.setattr(TrainingRun, "events", pressing)


def test_ctrl_c_and_the_same_command_again(tune, monkeypatch):
    Path("start.toml").write_text("[training]\nbatch_size = 32\n")
    long = ("--epochs", "6", "--budget", "6s")
    with monkeypatch.context() as patch:
        press_ctrl_c(patch, epoch=4)
        ended = tune(*long)
    assert ended.code == 130
    assert "Interrupted; trials done: 1. The same command goes on." in ended.err
    (left,) = (FOLDER / "trials").glob("*/checkpoints/last.pt")
    asked = settings_of(left.parents[1]).training.learning_rate
    started = []
    events = TrainingRun.events

    def watched(run):
        started.append((run.settings.training.learning_rate, run.steps_done))
        return events(run)

    monkeypatch.setattr(TrainingRun, "events", watched)
    found = tried(tune, *long)
    assert started[0][0] == asked
    assert started[0][1] > 0
    rates = [each["values"]["training.learning_rate"] for each in found["trials"]]
    assert rates.count(asked) <= 1


def test_what_an_interrupted_search_began_with(tune, monkeypatch):
    with monkeypatch.context() as patch:
        press_ctrl_c(patch, epoch=2, run=1)
        assert tune("--budget", "3s").code == 130
    ended = tune("--budget", "3s")
    assert ended.code == 0
    assert "Trial 1 is what the search began with." in ended.out
    assert any(line.split()[0] == "1" for line in ended.out.splitlines()[1:] if line.strip())


def test_values_that_a_killed_command_left_come_first(tmp_path):
    from mygo_cli.settings.sections import Settings
    from mygo_cli.tuning.space import search_space
    from mygo_cli.tuning.study import Study

    space = search_space(Settings(), {})
    killed = Study(tmp_path, space, {"settings": "a"}, 0)
    killed.take_up()
    killed.begin()
    left = killed.begin().params
    again = Study(tmp_path, space, {"settings": "a"}, 0)
    again.take_up()
    assert again.begin().params["training.epochs"] == 120  # the first was left, too
    assert again.begin().params == left


def test_another_search_in_the_same_folder_is_refused(tune):
    assert tune("--budget", "2s").code == 0
    ended = tune("--budget", "2s", "--contrastive", "0")
    assert ended.code == 1
    assert f"{FOLDER} holds a search with other settings" in ended.err.splitlines()[-1]


def test_no_trial_in_so_short_a_time(tune):
    ended = tune("--budget", "1s", "--epochs", "400")
    assert ended.code == 1
    assert "longer --budget goes on" in ended.err.splitlines()[-1]


def test_an_error_of_all_trials_is_told_once(tune):
    ended = tune("--learning-rate", "1e30", "--budget", "5s")
    assert ended.code == 1
    assert "The loss is not a finite" in ended.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--budget", "soon"], 2, "--budget soon: not a time. Write it as 45s, 30m or 1h30m."),
        (["--budget", "0m"], 2, "--budget 0m: not a time."),
        (["--select", "test"], 2, "--select test: a search chooses by validation"),
        (["--select", "3"], 2, "--select 3: a search chooses by validation"),
        (["--output", "start.toml"], 1, "start.toml"),
    ],
)
def test_mistakes(tune, words, code, message):
    ended = tune(*words)
    assert ended.code == code
    assert message in ended.err.splitlines()[-1]


@pytest.mark.parametrize("content", ["", "\n", "half", '{"a": 1}\n{"b": 2}\n'])
def test_a_damaged_study(tune, content):
    FOLDER.mkdir(parents=True)
    (FOLDER / "study.journal").write_text(content)
    ended = tune("--budget", "2s")
    assert ended.code == (0 if not content else 1)
    assert content == "" or "study.journal is damaged" in ended.err.splitlines()[-1]


def test_without_the_extra_it_says_what_to_type(tune, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "optuna" else find(name)
    )
    ended = tune()
    assert ended.code == 1
    assert ended.err.splitlines() == [
        "Error: mygo tune needs the package optuna, which is not installed. "
        "pip install 'mygo-kg[tune]'"
    ]


def test_torchrun_is_not_for_a_search(tune, monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    ended = tune()
    assert ended.code == 2
    assert "A search trains in one process." in ended.err
