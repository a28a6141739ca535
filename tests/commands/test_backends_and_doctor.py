"""`mygo backends` and `mygo doctor` say how things stand, whatever is broken."""

from __future__ import annotations

import json

import pytest

from mygo_cli import backends
from mygo_cli.backends import Backend
from mygo_cli.contracts import DECODERS, GROUPS
from mygo_cli.errors import BackendError

BROKEN = Backend(DECODERS, "broken", "no_such_module_anywhere:Decoder", "broken-plugin", "0.1")


@pytest.fixture
def with_a_broken_plugin(monkeypatch):
    whole = {group: backends.installed(group) for group in GROUPS}
    whole[DECODERS] = [BROKEN, *whole[DECODERS]]
    monkeypatch.setattr(backends, "installed", lambda group: whole[group])


def test_backends_as_json(mygo):
    ended = mygo("backends", "--json")
    assert ended.code == 0
    found = {line["name"]: line for line in json.loads(ended.out) if line["package"] == "mygo-kg"}
    assert {"tucker", "distmult", "complex", "rotate", "transe", "dot"} <= set(found)
    assert {"visual-words", "beitv2", "vqgan", "bert"} <= set(found)
    for line in found.values():
        assert line["description"]
        assert line["problem"] == ""


def test_backends_as_table(mygo, with_a_broken_plugin):
    ended = mygo("backends")
    assert ended.code == 0
    (line,) = [line for line in ended.out.splitlines() if "broken-plugin" in line]
    assert line.split()[:3] == ["decoder", "broken", "broken"]
    (line,) = [line for line in ended.out.splitlines() if " dot " in line]
    assert "ready" in line


def test_a_broken_plugin_costs_one_line_when_it_is_used(mygo, with_a_broken_plugin, world):
    ended = mygo("train", "--data", world, "--decoder", "broken")
    assert ended.code == BackendError.exit_code
    assert ended.err == (
        "Error: --decoder broken (package broken-plugin 0.1) needs the module "
        "no_such_module_anywhere, which is not installed. pip install no_such_module_anywhere\n"
    )


def test_doctor(mygo, tmp_path, with_a_broken_plugin):
    ended = mygo("doctor", "--json")
    assert ended.code == 0
    facts = json.loads(ended.out)
    assert facts["packages"]["mygo"] != "not installed"
    assert facts["machine"]["device"]
    assert facts["folders"]["work"] == str(tmp_path / "mygo-work")
    assert facts["folders"]["state"].startswith("writable, ")
    assert list(facts["plugins"]) == ["mygo.decoders broken"]
    assert "torch" in mygo("doctor").out
