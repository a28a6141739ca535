"""Loggers are told what was measured, go on where a run goes on, and never stop a training."""

from __future__ import annotations

import csv
import json
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import pytest
from tiny_training import tiny_settings

from mygo_cli import backends
from mygo_cli.contracts import RunLogger
from mygo_cli.errors import BackendError
from mygo_cli.runs.folder import RunFolder
from mygo_cli.training.loggers import Loggers, flat_settings
from mygo_plugins.logger.csv_file import CsvFile
from mygo_plugins.logger.mlflow import MLflow
from mygo_plugins.logger.tensorboard import TensorBoard
from mygo_plugins.logger.wandb import Wandb

RESULT = {"splits": {"test": {"overall": {
    "mrr": 0.5, "mean_rank": 3.0, "hits@1": 0.25, "hits@3": 0.5, "hits@10": 0.75}}}}  # fmt: skip
VALUES = {"loss": 2.0, "learning_rate": 0.1, "validation_mrr": None}


class Told(RunLogger):
    """Writes down what it is told, and fails where it should."""

    description = "a fake"
    fails_in = ""

    def __init__(self, run):
        self.calls = [("begin", run)]
        Told.last = self
        self.fail("begin")

    def fail(self, where):
        if Told.fails_in == where:
            raise RuntimeError(f"no {where}\nsecond line")

    def log(self, epoch, values):
        self.calls.append(("log", epoch, dict(values)))
        self.fail("log")

    def close(self, result):
        self.calls.append(("close", result))
        self.fail("close")


@pytest.fixture(autouse=True)
def found(monkeypatch):
    """Find these loggers, whatever is installed."""
    Told.fails_in = ""
    known = {"told": Told, "csv": CsvFile, "tensorboard": TensorBoard, "wandb": Wandb}
    known["mlflow"] = MLflow
    monkeypatch.setattr(backends, "load", lambda group, name: known[name])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a_run").mkdir()
    return RunFolder(tmp_path / "a_run")


def run_through(folder, *names, done=0, epochs=(1, 2), result=RESULT):
    loggers = Loggers(names)
    with loggers.opened(folder, tiny_settings(), done):
        for epoch in epochs:
            loggers.log(epoch, VALUES | {"validation_mrr": 0.3 if epoch == 2 else None})
        if result:
            loggers.keep_result(result)


def test_what_it_is_told(folder):
    run_through(folder, "told", "told")
    begin, *rest, end = Told.last.calls
    run = begin[1]
    assert (run.folder, run.name, run.epochs_done) == (folder.path, "a_run", 0)
    assert run.settings["model.dim"] == 8
    assert rest == [
        ("log", 1, {"loss": 2.0, "learning_rate": 0.1}),
        ("log", 2, {"loss": 2.0, "learning_rate": 0.1, "validation_mrr": 0.3}),
    ]
    assert end[1]["test/mrr"] == 0.5
    assert end[1]["test/hits@10"] == 0.75


def test_a_run_that_stops_is_closed_without_a_result(folder):
    def stopped():
        loggers = Loggers(["told"])
        with loggers.opened(folder, tiny_settings(), 0):
            loggers.log(1, VALUES)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert Told.last.calls[-1] == ("close", None)


@pytest.mark.parametrize("where", ["log", "close"])
def test_a_failing_one_costs_a_line(folder, where, caplog):
    Told.fails_in = where
    run_through(folder, "told", "csv")
    assert caplog.messages == [f"--log told failed and is left out: RuntimeError: no {where}."]
    assert len(Told.last.calls) == (2 if where == "log" else 4)
    assert len((folder.path / "epochs.csv").read_text().splitlines()) == 3


def test_one_that_cannot_begin_stops_before_the_work(folder):
    Told.fails_in = "begin"
    with pytest.raises(BackendError, match="--log told: RuntimeError: no begin") as caught:
        run_through(folder, "told")
    assert "mygo train --config" in caught.value.way_out


def test_missing_packages(monkeypatch):
    monkeypatch.setattr(Told, "needs", ("a_package_that_is_not",))
    with pytest.raises(BackendError, match="needs the package a_package_that_is_not") as caught:
        Loggers(["told"])
    assert caught.value.way_out == "pip install a_package_that_is_not"
    monkeypatch.setattr(Told, "extra", "told")
    with pytest.raises(BackendError) as caught:
        Loggers(["told"])
    assert caught.value.way_out == "pip install 'mygo-kg[told]'"


def test_csv(folder):
    path = folder.path / "epochs.csv"
    run_through(folder, "csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert [row["validation_mrr"] for row in rows] == ["", "0.3"]
    run_through(folder, "csv", done=1, epochs=(2, 3))  # resumed after the first epoch
    with path.open(newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2", "3"]
    path.write_text("no table")
    run_through(folder, "csv", done=1, epochs=(2,))
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard(folder):
    accumulating = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run_through(folder, "tensorboard", result=None)
    run_through(folder, "tensorboard", done=1, epochs=(2, 3))
    found = accumulating.EventAccumulator(str(folder.path / "tensorboard"))
    found.Reload()
    assert [each.step for each in found.Scalars("loss")] == [1, 2, 3]  # the second once
    assert [each.step for each in found.Scalars("test/mrr")] == [3]
    assert found.Scalars("test/hits@10")[0].value == 0.75


def fake_module(monkeypatch, name, **parts):
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    vars(module).update(parts)
    monkeypatch.setitem(sys.modules, name, module)


def test_wandb(folder, monkeypatch):
    calls = []

    class FakeRun:
        summary: ClassVar[dict[str, float]] = {}

        def log(self, values, step):
            calls.append((step, values))

        def finish(self, exit_code):
            calls.append(exit_code)

    fake_module(monkeypatch, "wandb", init=lambda **given: calls.append(given) or FakeRun())
    run_through(folder, "wandb")
    given, first, second, code = calls
    assert (given["name"], given["id"], given["resume"]) == ("a_run", "a_run", "allow")
    assert given["config"]["model.dim"] == 8
    json.dumps(given["config"])
    assert (first[0], second[0], code) == (1, 2, 0)
    assert FakeRun.summary["test/mrr"] == 0.5
    run_through(folder, "wandb", result=None)
    assert calls[-1] == 1


def test_mlflow(folder, monkeypatch):
    calls = []

    def start_run(run_name=None, run_id=None):
        calls.append(("start", run_name, run_id))
        return SimpleNamespace(info=SimpleNamespace(run_id="0123"))

    fake_module(
        monkeypatch,
        "mlflow",
        start_run=start_run,
        log_params=lambda values: calls.append(("params", values)),
        log_metrics=lambda values, step=None: calls.append(("metrics", values, step)),
        end_run=lambda status: calls.append(("end", status)),
    )
    run_through(folder, "mlflow", result=None)
    assert calls[0] == ("start", "a_run", None)
    assert calls[1][1]["model.dim"] == "8"
    assert [call[2] for call in calls[2:4]] == [1, 2]
    assert calls[-1] == ("end", "KILLED")
    calls.clear()
    run_through(folder, "mlflow", done=1, epochs=(2,))
    assert calls[0] == ("start", None, "0123")
    assert calls[-2][1]["test/hits_10"] == 0.75
    assert calls[-1] == ("end", "FINISHED")


def test_settings_are_flat():
    decoder = {"name": "tucker", "options": {"input_dropout": 0.1}}
    found = flat_settings(tiny_settings(decoder=decoder))
    assert found["decoder.options.input_dropout"] == 0.1
    assert "tokens.image.cache" not in found  # it is not set
    json.dumps(found)
