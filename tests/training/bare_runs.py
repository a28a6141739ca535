"""Run folders with hardly anything in them, to be found and listed."""

from __future__ import annotations

import json
import os
from pathlib import Path

from mygo_cli.runs.folder import RunFolder

RESULT = {"epoch": 3, "selected_by": "last epoch", "splits": {"valid": {"overall": {"mrr": 0.25}}}}


def finished(runs: Path, name: str, when: int, config: str = "") -> RunFolder:
    """Return a run that ended at the time `when`."""
    folder = RunFolder(runs / name)
    (folder.path / "checkpoints").mkdir(parents=True)
    folder.config.write_text(config)
    folder.best.write_bytes(b"model")
    folder.result.write_text(json.dumps(RESULT))
    for path in (folder.config, folder.best, folder.result):
        os.utime(path, (when, when))
    return folder


def interrupted(runs: Path, name: str, when: int) -> RunFolder:
    """Return a run that has a model, and stopped at the time `when` after two epochs."""
    folder = finished(runs, name, when)
    folder.result.unlink()
    folder.last.write_bytes(b"state")
    for epoch, mrr in ((1, 0.125), (2, None)):
        folder.append_metrics({"epoch": epoch, "validation_mrr": mrr})
    os.utime(folder.last, (when, when))
    return folder
