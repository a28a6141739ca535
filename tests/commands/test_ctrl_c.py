"""Ctrl-C at any moment, twice, or SIGTERM: one line with the way on, and nothing left half done."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from run_files import only_run, result_of

from mygo_cli import console
from mygo_cli.completion.unfinished import Unfinished


def pressing(monkeypatch, place, number=signal.SIGINT):
    """Let a signal come where `place`, the dotted name of a function, is called."""

    def press(*_, **__):
        signal.raise_signal(number)

    monkeypatch.setattr(place, press)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("what", ["load_run", "measure", "calibration_of"])
def test_after_the_last_epoch(train, mygo, monkeypatch, what, number):
    with monkeypatch.context() as patch:
        pressing(patch, f"mygo_cli.training.run.{what}", number)
        ended = train()
    run = only_run()
    assert ended.code == 130
    way_on = f"Error: Interrupted. Go on with: mygo train --resume {run}"
    assert ended.err.splitlines()[-1] == way_on
    assert mygo("train", "--resume", run).code == 0
    assert result_of(run)["epoch"] <= 3


def test_the_second_one_in_training(train, monkeypatch):
    from mygo_cli.training.fit import TrainingRun

    events = TrainingRun.events

    def twice(run):
        for event in events(run):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            yield event

    monkeypatch.setattr(TrainingRun, "events", twice)
    ended = train()
    assert ended.code == 130
    assert ended.err.splitlines()[-1].startswith("Error: Interrupted. ")
    assert f"mygo train --config {only_run()}/config.toml" in ended.err  # nothing was saved yet


def test_the_second_one_in_completion(mygo, trained, monkeypatch):
    words = ("complete", "--runs-dir", trained, "--device", "cpu", "--batch-size", "1")
    words += ("--output", "facts.tsv")
    assert mygo(*words).code == 0
    expected = Path("facts.tsv").read_text()
    save = Unfinished.save

    def pressed(file, done, found):
        save(file, done, found)
        if done:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("mygo_cli.completion.completion.SECONDS_BETWEEN_SAVES", 0)
        patch.setattr(Unfinished, "save", pressed)
        ended = mygo(*words)
    assert ended.code == 130
    assert "questions are done and saved. The same command goes on." in ended.err
    assert mygo(*words).code == 0
    assert Path("facts.tsv").read_text() == expected


def test_a_command_that_keeps_nothing(mygo, world, monkeypatch):
    pressing(monkeypatch, "mygo_cli.graph.check.check_graph", signal.SIGTERM)
    ended = mygo("data", "check", "--data", world)
    assert ended.code == 130
    assert ended.err == "Error: Interrupted. The same command goes on, or begins again.\n"


def test_the_second_one_without_a_file(mygo, trained, monkeypatch):
    from mygo_cli.ranking.scorer import Scorer

    ask, asked = Scorer.__call__, []

    def pressed(scorer, queries):
        asked.append(queries)
        if len(asked) == 3:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return ask(scorer, queries)

    monkeypatch.setattr(Scorer, "__call__", pressed)
    ended = mygo("complete", "--runs-dir", trained, "--device", "cpu", "--batch-size", "5")
    assert ended.code == 130
    assert "Interrupted after 10 of" in ended.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_line_is_not_cut_short(train, monkeypatch, number):
    say = console.error

    def pressed(text):
        signal.raise_signal(number)
        say(text)

    monkeypatch.setattr(console, "error", pressed)
    pressing(monkeypatch, "mygo_cli.training.run.measure")
    ended = train()
    assert ended.code == 130
    assert "Go on with: mygo train --resume" in ended.err
