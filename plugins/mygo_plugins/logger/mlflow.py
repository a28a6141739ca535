"""The course of a run in MLflow, whose own variables say where: `MLFLOW_TRACKING_URI`, ..."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping

from mygo_cli.contracts import LoggedRun, RunLogger
from mygo_cli.files import atomic_write

FILE = "mlflow_run"  # holds MLflow's id of the run, by which a resumed one goes on there
MOST_LETTERS = 500  # of a parameter, the least that servers take
NOT_IN_NAMES = re.compile(r"[^\w./ -]")


class MLflow(RunLogger):
    """A run of that name, with the settings as parameters."""

    description = "a run in MLflow; its MLFLOW_ variables say where (pip install mlflow)"
    needs = ("mlflow",)

    def __init__(self, run: LoggedRun) -> None:
        self.mlflow = importlib.import_module("mlflow")
        file = run.folder / FILE
        if run.epochs_done and file.exists():
            self.mlflow.start_run(run_id=file.read_text(encoding="utf-8").strip())
            return
        started = self.mlflow.start_run(run_name=run.name)
        with atomic_write(file) as kept:
            kept.write(started.info.run_id.encode())
        shown = {name: str(value)[:MOST_LETTERS] for name, value in run.settings.items()}
        self.mlflow.log_params(shown)

    def log(self, epoch: int, values: Mapping[str, float]) -> None:
        """Log the values of an epoch as one step."""
        self.mlflow.log_metrics(_named(values), step=epoch)

    def close(self, result: Mapping[str, float] | None) -> None:
        """Log the result, and end the run there."""
        if result:
            self.mlflow.log_metrics(_named(result))
        self.mlflow.end_run("FINISHED" if result else "KILLED")


def _named(values: Mapping[str, float]) -> dict[str, float]:
    """Return values by names that MLflow takes: hits@10 as hits_10."""
    return {NOT_IN_NAMES.sub("_", name): value for name, value in values.items()}
