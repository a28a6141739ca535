"""timm and transformers are imported whatever state torchvision is in."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mygo_cli.errors import BackendError
from mygo_cli.weights import libraries

# Stands for a torchvision whose compiled half is for another torch: the first mention of an
# operator raises unless the operator's name is declared.
BROKEN = """
import torch
from torchvision import part
torch.library.register_fake("torchvision::nms")(lambda dets, scores, iou_threshold: dets)
"""


def _mend(folder: Path, torchvision: str, then: str) -> str:
    """Run `mend_torchvision`, then some code, in a process that has only this torchvision."""
    package = folder / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(torchvision)
    (package / "part.py").write_text("")
    code = f"""if True:
        import sys
        from mygo_cli.weights.libraries import mend_torchvision
        mended = mend_torchvision()
        {then}
    """
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    return done.stdout


def test_broken_torchvision_is_mended(tmp_path: Path) -> None:
    then = "import torchvision; print(torchvision.part.__name__, mended is not None)"
    assert _mend(tmp_path, BROKEN, then) == "torchvision.part True\n"


def test_healthy_torchvision_is_left_alone(tmp_path: Path) -> None:
    then = "import torchvision; print(torchvision.mark, mended, 'torch' in sys.modules)"
    assert _mend(tmp_path, "mark = 'healthy'", then) == "healthy None False\n"


def test_missing_torchvision_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert libraries.mend_torchvision.__wrapped__() is None
    assert "torchvision" not in sys.modules


def test_both_libraries_come(recwarn: pytest.WarningsRecorder) -> None:
    assert libraries.import_timm().is_model("resnet18")
    assert libraries.import_transformers().AutoTokenizer
    assert not recwarn.list


def test_broken_library_costs_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shattered.py").write_text("raise OSError('libfoo.so: not found\\nand more')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BackendError, match=r"shattered cannot be imported: libfoo.so: not found\."):
        libraries._import("shattered")
