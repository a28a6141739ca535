"""The list of commands tells the same as the commands, which are imported when they are called."""

from __future__ import annotations

import shlex

import pytest
import typer.main

from mygo_cli.app import app
from mygo_cli.commands.examples import EXAMPLES
from mygo_cli.commands.subcommands import LISTED, PANELS

ROOT = typer.main.get_command(app)


@pytest.mark.parametrize("name", LISTED)
def test_the_list_says_what_the_command_says(name):
    context = ROOT.make_context("mygo", [], resilient_parsing=True)
    listed, whole = ROOT.get_command(context, name), ROOT.commands[name]
    assert listed.name == name
    assert listed.help == whole.help
    assert not whole.hidden


def test_help_lists_them_in_panels(mygo):
    lines = [line.strip("│╭─╮ ") for line in mygo("--help").out.splitlines()]
    shown = [line.split(maxsplit=1) for line in lines if line]
    found = [(words[0], words[1]) for words in shown if words[0] in LISTED and len(words) > 1]
    assert found == [(name, listed.summary) for name, listed in LISTED.items()]
    assert [line for line in lines if line in PANELS] == list(PANELS)


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


def walk(command, *path):
    """Yield every command that does something, with the words that call it."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
    for name in below or ():
        yield from walk(below[name], *path, name)


WHOLE = [pytest.param(path, command, id=" ".join(path)) for path, command in walk(ROOT)]


@pytest.mark.parametrize(("path", "command"), WHOLE)
def test_examples_are_shown_and_parse(path, command, mygo):
    shown = mygo(*path, "--help").out
    lines = EXAMPLES[" ".join(path)]
    for line in lines:
        words = shlex.split(line)[1:]
        assert tuple(words[: len(path)]) == path
        command.make_context(line, words[len(path) :])  # raises for what it has not
        assert line in shown


def test_examples_are_of_commands():
    assert set(EXAMPLES) == {" ".join(path) for path, _ in walk(ROOT)}


@pytest.mark.parametrize(("path", "command"), [*WHOLE, pytest.param((), ROOT, id="mygo")])
def test_switches_show_no_value(path, command, mygo):
    shown = mygo(*path, "--help").out
    assert "--debug" in shown
    assert "bool" not in shown


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
