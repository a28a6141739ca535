"""The course of a run as TensorBoard reads it: events in the run's folder `tensorboard`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from mygo_cli.contracts import LoggedRun, RunLogger

FOLDER = "tensorboard"


class TensorBoard(RunLogger):
    """Curves of each value over the epochs, the settings as text, the result as scalars."""

    description = "for tensorboard --logdir mygo-work/runs (pip install 'mygo-kg[tensorboard]')"
    needs = ("tensorboard",)
    extra = "tensorboard"

    def __init__(self, run: LoggedRun) -> None:
        writer = importlib.import_module("torch.utils.tensorboard").SummaryWriter
        # Epochs that a resumed run does again replace those of before.
        purge = {"purge_step": run.epochs_done + 1} if run.epochs_done else {}
        self.writer = writer(str(run.folder / FOLDER), **purge)
        lines = [f"    {name} = {value!r}" for name, value in run.settings.items()]
        self.writer.add_text("settings", "\n".join(lines), run.epochs_done)
        self.last = run.epochs_done

    def log(self, epoch: int, values: Mapping[str, float]) -> None:
        """Add a point to each curve, and write it out: a killed run keeps its curves."""
        for name, value in values.items():
            self.writer.add_scalar(name, value, epoch)
        self.writer.flush()
        self.last = epoch

    def close(self, result: Mapping[str, float] | None) -> None:
        """Add the result at the last epoch."""
        for name, value in (result or {}).items():
            self.writer.add_scalar(name, value, self.last)
        self.writer.close()
