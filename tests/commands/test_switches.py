"""-v, -q, --debug and --threads, before and after the name of a command."""

import json
import os

import pytest
import torch

from mygo_cli.device import THREADS


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
    assert all(switch in shown for switch in ("--verbose", "--quiet", "--debug", "--threads"))


@pytest.mark.parametrize("words", [("--threads", "3", "doctor"), ("doctor", "--threads", "3")])
def test_threads_are_those_asked_for(mygo, monkeypatch, words):
    monkeypatch.setenv(THREADS, "1")
    before = torch.get_num_threads()
    try:
        facts = json.loads(mygo(*words, "--json").out)
        assert facts["machine"]["threads"] == 3
        assert os.environ[THREADS] == "3"
    finally:
        torch.set_num_threads(before)


def test_no_threads_at_all_are_refused(mygo):
    assert mygo("doctor", "--threads", "0").code == 2
