"""Finding and loading plugins from metadata on the path, whatever state they are in."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from mygo_cli.backends import find, installed, load, statuses
from mygo_cli.contracts import DECODERS, GROUPS
from mygo_cli.errors import BackendError
from mygo_cli.runs.assemble import make_decoder
from mygo_cli.settings.sections import DecoderSettings

PLUGIN = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Nothing:
    pass

class Good:
    '''A decoder to look at.

    With a second paragraph.
    '''
    Options = Nothing
    forward = parameters = None

class NoForward:
    Options = Nothing
    parameters = None

class LooseOptions:
    Options = dict
    forward = parameters = None

a_function = len

import torch

class Thrower(torch.nn.Module):
    Options = Nothing

    def __init__(self, dim, options):
        super().__init__()

    def forward(self, query, relation, entities):
        return query[:, 3] @ relation[99]

class Narrow(Thrower):
    def forward(self, query, relation, entities):
        return query @ entities[:2].T
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs packages which register decoders: name and target."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "plugin_under_test.py").write_text(PLUGIN)

    def add(package: str, *entries: str) -> Path:
        folder = tmp_path / f"{package}.dist-info"
        folder.mkdir()
        text = "\n".join((f"[{DECODERS}]", *entries))
        (folder / "entry_points.txt").write_text(text, encoding="utf-8")
        return folder

    yield add
    sys.modules.pop("plugin_under_test", None)


def test_found_without_being_imported(install):
    install("my_plugin-1.2", "mine = plugin_under_test:Good", "gone = no_such_module:X")
    names = {backend.name: backend for backend in installed(DECODERS)}
    assert {"mine", "gone", "tucker"} <= set(names)
    assert (names["mine"].package, names["mine"].version) == ("my-plugin", "1.2")
    assert "plugin_under_test" not in sys.modules
    assert load(DECODERS, "mine").__name__ == "Good"


def test_every_built_in_has_a_version():
    built_in = [b for group in GROUPS for b in installed(group) if b.package == "mygo-kg"]
    assert len(built_in) >= 9
    assert {backend.version for backend in built_in} == {metadata.version("mygo-kg")}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("no_such_module:X", "needs the module no_such_module, which is not installed. pip inst"),
        ("plugin_under_test:Missing", "cannot be imported: AttributeError"),
        ("plugin_under_test", "cannot be imported"),
        ("plugin_under_test:NoForward", "asks for: it has no forward. See docs/plugins.md."),
        ("plugin_under_test:LooseOptions", "Options is not a dataclass."),
        ("plugin_under_test:a_function", "is not what the group mygo.decoders asks for"),
    ],
)
def test_broken_plugins_cost_one_line(install, target, message):
    install("odd-0.3", f"odd = {target}")
    with pytest.raises(BackendError) as caught:
        load(DECODERS, "odd")
    assert str(caught.value).startswith("--decoder odd (package odd 0.3)")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert load(DECODERS, "dot").__name__ == "Dot"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("Thrower", r"--decoder odd failed: IndexError: .* Report this to the plugin's author"),
        ("Narrow", r"--decoder odd gave scores \(2, 2\) for 2 questions and 3 entities"),
    ],
)
def test_a_decoder_that_fails_does_so_before_it_is_trained(install, target, message):
    install("odd-0.3", f"odd = plugin_under_test:{target}")
    with pytest.raises(BackendError, match=message):
        make_decoder(DecoderSettings("odd"), 8)
    made = make_decoder(DecoderSettings("tucker"), 8)
    assert made.training
    assert made.norm_out.num_batches_tracked == 0


def test_a_name_that_two_packages_register(install):
    install("one-1", "same = plugin_under_test:Good")
    install("two-1", "same = plugin_under_test:NoForward")
    with pytest.raises(BackendError, match="--decoder same: registered twice, by one and two"):
        find(DECODERS, "same")
    assert find(DECODERS, "dot").target == "mygo_plugins.decoder.dot:Dot"


def test_damaged_metadata_names_its_file(install):
    folder = install("damaged-1", "no equals sign here")
    with pytest.raises(BackendError, match="are damaged") as caught:
        installed(DECODERS)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_statuses(install):
    install("some-1", "mine = plugin_under_test:Good", "odd = plugin_under_test:NoForward")
    lines = {line.backend.name: line for line in statuses()}
    assert (lines["mine"].description, lines["mine"].problem) == ("A decoder to look at", "")
    assert "it has no forward" in lines["odd"].problem
    assert lines["tucker"].problem == ""
