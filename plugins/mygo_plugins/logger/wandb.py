"""The course of a run in Weights & Biases, whose own variables say where: `WANDB_PROJECT`, ..."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from mygo_cli.contracts import LoggedRun, RunLogger


class Wandb(RunLogger):
    """A run of that name; a resumed one goes on there. `WANDB_MODE=offline` keeps it here."""

    description = "a run in Weights & Biases; its WANDB_ variables say where (pip install wandb)"
    needs = ("wandb",)

    def __init__(self, run: LoggedRun) -> None:
        self.run = importlib.import_module("wandb").init(
            id=run.name,
            name=run.name,
            dir=str(run.folder),
            config=dict(run.settings),
            resume="allow",
        )

    def log(self, epoch: int, values: Mapping[str, float]) -> None:
        """Log the values of an epoch as one step."""
        self.run.log(dict(values), step=epoch)

    def close(self, result: Mapping[str, float] | None) -> None:
        """Put the result into the summary, and end the run there."""
        self.run.summary.update(dict(result or {}))
        self.run.finish(exit_code=0 if result else 1)
