"""`mygo quickstart` runs what it prints, and what it prints can be typed."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import typer

from mygo_cli.app import app
from mygo_cli.commands import quickstart as module
from mygo_cli.runs.folder import RunFolder

STEPS = ("tokenize", "train", "evaluate", "rank", "report")


def parsed(line):
    """Return the name of the command that a line calls, and its options."""
    command, words = typer.main.get_command(app), shlex.split(line)[1:]
    context, names = None, []
    while hasattr(command, "commands"):
        context = command.make_context("mygo", [], parent=context, resilient_parsing=True)
        names.append(words.pop(0))
        command = command.commands[names[-1]]
    return " ".join(names), command.make_context(names[-1], words, parent=context).params


@pytest.fixture
def calls(monkeypatch):
    """Record the commands that quickstart calls, in place of running them."""
    found = []
    for name in STEPS:
        monkeypatch.setattr(
            module, name, lambda name=name, **options: found.append((name, options))
        )
    made = RunFolder(Path("runs") / "made")
    monkeypatch.setattr("mygo_cli.runs.finding.newest_run", lambda *_: made)
    return found


@pytest.mark.parametrize("folders", [[], ["--cache-dir", "my caches", "--runs-dir", "r"]])
def test_every_step_does_what_its_line_says(mygo, calls, folders):
    ended = mygo("quickstart", *folders)
    assert ended.code == 0
    lines = [line.removeprefix("$ ") for line in ended.out.splitlines() if line.startswith("$ ")]
    assert [line.split()[1] for line in lines] == [name for name, _ in calls]
    assert set(STEPS) == {name for name, _ in calls}
    for line, (name, options) in zip(lines, calls, strict=True):
        assert f"  {line}\n" in ended.out  # and again in the summary
        command, typed = parsed(line)
        assert command == name
        given = {key: value for key, value in typed.items() if value not in (None, False)}
        defaults = parsed(f"mygo {name}")[1]
        changed = {key: value for key, value in given.items() if value != defaults[key]}
        assert changed == {key: value for key, value in options.items() if value is not None}
    assert ended.out.splitlines()[-1] == f"Open in a browser: {Path('runs/made/report.html')}"
    if folders:
        assert {options.get("cache_folder") for _, options in calls[:2]} == {Path("my caches")}


@pytest.mark.parametrize("line", [line for line, _ in module.TRY_NEXT])
def test_what_to_try_next_can_be_typed(line):
    assert parsed(line)


def test_stopped_after_training_it_says_what_is_left(mygo, calls, monkeypatch):
    def stopped(**options):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "report", stopped)
    ended = mygo("quickstart", "--runs-dir", "r")
    assert ended.code == 130
    assert "the model is trained. Go on with: mygo report --runs-dir r" in ended.err
