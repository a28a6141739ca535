"""Ctrl-C in `mygo train`, and `--resume` after it."""

from __future__ import annotations

import json
import os
import platform
import signal

import pytest
from run_files import newest_run, only_run, result_of

from mygo_cli.files import HeldElsewhere, only_writer
from mygo_cli.training.fit import TrainingRun
from mygo_cli.training.loop import StepDone


def press_ctrl_c(monkeypatch, epoch):
    """Let the terminal press Ctrl-C after the first step of an epoch."""
    events = TrainingRun.events

    def pressing(run):
        for event in events(run):
            if isinstance(event, StepDone) and (event.epoch, event.step) == (epoch, 1):
                signal.raise_signal(signal.SIGINT)
            yield event

    monkeypatch.setattr(TrainingRun, "events", pressing)


@pytest.mark.parametrize("words", [[], ["--holdout", "0.1", "--no-image"]])
def test_ctrl_c_and_resume(train, mygo, monkeypatch, words):
    assert train(*words).code == 0
    straight = only_run()
    with monkeypatch.context() as patch:
        press_ctrl_c(patch, epoch=3)
        ended = train(*words)
    broken = newest_run()
    assert ended.code == 130
    assert ended.out == ""
    assert ended.err.splitlines()[-1] == (
        f"Error: Interrupted; step 1 of 3 in epoch 3 of 3 is saved. "
        f"Go on with: mygo train --resume {broken}"
    )
    assert not (broken / "result.json").exists()
    again = mygo("train", "--resume", broken.name, "--json")  # the name alone will do
    assert again.code == 0
    assert json.loads(again.out) == {"run": str(broken), **result_of(broken)}
    assert result_of(broken) == result_of(straight)
    last = [run / "checkpoints" / "last.pt" for run in (broken, straight)]
    assert last[0].read_bytes() == last[1].read_bytes()


def test_a_run_given_more_epochs_is_not_finished_before_they_are_done(train, mygo, monkeypatch):
    assert train("--epochs", 2).code == 0
    run = only_run()
    config = run / "config.toml"
    config.write_text(config.read_text().replace("epochs = 2", "epochs = 4"))
    with monkeypatch.context() as patch:
        press_ctrl_c(patch, epoch=4)
        assert mygo("train", "--resume", run).code == 130
    assert not (run / "result.json").exists()  # it told of a model that is replaced
    assert mygo("train", "--resume", run).code == 0
    assert result_of(run)["epoch"] <= 4


def test_resume_takes_no_other_options(train, mygo):
    assert train("--epochs", 1).code == 0
    for more in (["--epochs", 9], ["--decoder-option", "chunk=3"], ["--config", "x.toml"]):
        ended = mygo("train", "--resume", only_run(), *more)
        assert ended.code == 2
        assert "--resume goes on with the settings of its run" in ended.err


def test_resume_what_is_not_there(mygo):
    ended = mygo("train", "--resume", "nothing")
    assert (ended.code, ended.err) == (
        1,
        "Error: nothing: no such run. Runs lie in mygo-work/runs. "
        "List them with: mygo runs --runs-dir mygo-work/runs\n",
    )


def test_a_run_that_another_process_trains(train, mygo):
    assert train("--epochs", 1).code == 0
    run = only_run()
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with only_writer(run):
        ended = mygo("train", "--resume", run)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"Error: {run}: process {os.getpid()} on {platform.node()} is at work on it. "
        "Wait for it, or stop it and give the same command again.\n"
    )
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    assert mygo("train", "--resume", run).code == 0
    assert [path.name for path in run.parent.iterdir()] == [run.name]


def test_a_run_is_held_while_it_trains(train, mygo, monkeypatch):
    tried = []
    events = TrainingRun.events

    def watched(run):
        for event in events(run):
            if not tried:
                with pytest.raises(HeldElsewhere), only_writer(run.folder.path):
                    pass
                tried.append(event)
            yield event

    monkeypatch.setattr(TrainingRun, "events", watched)
    assert train("--epochs", 1).code == 0
    assert tried
