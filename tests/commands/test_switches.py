"""-v, -q and --debug, before and after the name of a command."""

import pytest


@pytest.mark.parametrize("words", [("--debug", "rank"), ("rank", "--debug")])
def test_debug_shows_the_traceback(mygo, words):
    ended = mygo(*words, "--head", "x", "--relation", "y")
    assert ended.code == 1
    assert "Traceback" in ended.err
    assert ended.err.splitlines()[-1].startswith("Error: ")


def test_no_traceback_without(mygo):
    mygo("rank", "--debug", "--head", "x", "--relation", "y")
    ended = mygo("rank", "--head", "x", "--relation", "y")
    assert ended.err.startswith("Error: ")
    assert len(ended.err.splitlines()) == 1


def test_quiet_leaves_out_what_is_no_warning(mygo, world):
    words = ("tokenize", "--data", world, "--no-image", "--limit", "2")
    assert mygo(*words).code == 0
    ended = mygo("-q", *words)
    assert (ended.code, ended.err) == (0, "")
    assert "text" in ended.out


@pytest.mark.parametrize("command", [("cache", "info"), ("tokens", "stats"), ("train",)])
def test_every_command_knows_them(mygo, command):
    shown = mygo(*command, "--help").out
    assert all(switch in shown for switch in ("--verbose", "--quiet", "--debug"))
