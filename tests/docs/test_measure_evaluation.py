"""The script behind the speed of evaluation measures three ways that find the same ranks."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from mygo_cli.folders import world_folder

SCRIPT = Path(__file__).parents[2] / "docs" / "measure_evaluation.py"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """Return the script, with a model of small size."""
    monkeypatch.setenv("PYSTOW_HOME", str(tmp_path))
    spec = importlib.util.spec_from_file_location("measure_evaluation", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, size in (("DIM", 16), ("IMAGE", (2, 9, 4)), ("TEXT", (1, 9, 4))):
        monkeypatch.setattr(module, name, size)
    return module


def test_all_questions_at_once_as_one_by_one(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--data", str(world_folder()), "--repeats", "1", "--sample", "40", "--pykeen")
    monkeypatch.setattr(sys, "argv", ["measure_evaluation.py", *words])
    script.main()
    shown = capsys.readouterr().out
    assert "1,249 test triples" in shown
    assert "| mygo | one at a time (40 x 62.5) |\n|---|---|\n" in shown
    assert "40 of 40 ranks of the sample are equal" in shown


@pytest.mark.filterwarnings("ignore")  # PyKEEN's own
def test_pykeen_ranks_the_same_triples(script: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("pykeen")
    (tmp_path / "train.txt").write_text("a\tr\tb\nb\tr\tc\nc\tr\ta\n")
    (tmp_path / "test.txt").write_text("b\tr\ta\nc\tr\tb\n")
    graph = script.read_graph(tmp_path)
    wall, processor, found = script.seconds(script.pykeen_evaluation("distmult", graph, 2))
    assert min(wall, processor) > 0
    assert found.get_metric("both.realistic.count") == 2 * len(graph.test)
