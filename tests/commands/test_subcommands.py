"""The list of commands tells the same as the commands, which are imported when they are called."""

from __future__ import annotations

import shlex

import pytest
import typer.main

from mygo_cli.app import app
from mygo_cli.commands.subcommands import LISTED

ROOT = typer.main.get_command(app)


@pytest.mark.parametrize("name", LISTED)
def test_the_list_says_what_the_command_says(name):
    context = ROOT.make_context("mygo", [], resilient_parsing=True)
    listed, whole = ROOT.get_command(context, name), ROOT.commands[name]
    assert listed.name == name
    assert listed.help == whole.help
    assert not whole.hidden


def test_help_lists_them_in_order(mygo):
    ended = mygo("--help")
    lines = [line.strip("│ ") for line in ended.out.partition("Commands")[2].splitlines()]
    shown = [line.split(maxsplit=1) for line in lines]
    found = [(words[0], words[1]) for words in shown if words and words[0] in LISTED]
    assert found == [(name, listed.summary) for name, listed in LISTED.items()]


def test_the_app_can_be_walked():
    assert list(ROOT.commands) == list(LISTED)
    assert list(ROOT.commands["data"].commands) == ["info", "check"]
    flags = {flag for parameter in ROOT.commands["rank"].params for flag in parameter.opts}
    assert {"--head", "--relation", "--tail"} <= flags
    assert not [flag for flag in flags if "completion" in flag]


def test_only_what_is_listed_is_a_command(mygo):
    assert "options" not in ROOT.commands  # a file beside the commands
    ended = mygo("trian", "--epochs", "3")
    assert ended.code == 2
    assert "No such command 'trian'." in ended.err


@pytest.mark.parametrize("line", [line for listed in LISTED.values() for line in listed.examples])
def test_examples_are_shown_and_parse(line, mygo):
    _, name, *words = shlex.split(line)
    ROOT.commands[name].make_context(name, words)  # raises for what it has not
    assert line in mygo(name, "--help").out


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("mygo t", {"tokenize", "train", "tokens", "tune"}), ("mygo data check --st", {"--strict"})],
)
def test_a_shell_completes_them(typed, offered, monkeypatch, capsys):
    monkeypatch.setenv("_MYGO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    with pytest.raises(SystemExit):
        ROOT.main([], prog_name="mygo")
    assert set(capsys.readouterr().out.split()) == offered
