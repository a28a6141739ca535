"""Run folders: made, found, and written so that nothing is ever half there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from bare_runs import finished

from mygo_cli.errors import DataError, UsageError
from mygo_cli.runs import folder as run_folder
from mygo_cli.runs.folder import RunFolder, check_name, new_run


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "work" / "runs"


def test_new_runs_of_the_same_second_get_names_of_their_own(runs, monkeypatch):
    monkeypatch.setattr(run_folder.time, "strftime", lambda pattern: "20260102-030405")
    paths = [new_run(runs, "world", "tucker").path.name for _ in range(3)]
    stem = "20260102-030405_world_tucker"
    assert paths == [stem, f"{stem}-2", f"{stem}-3"]
    assert (runs / stem / "checkpoints").is_dir()


def test_a_run_is_named_for_all_that_is_said_of_it(runs):
    name = new_run(runs, "world", "tucker", "", "big").path.name
    assert name.endswith("_world_tucker_big")


@pytest.mark.parametrize("name", ["", "big", "big-2.1_b", "groß"])
def test_names(name):
    check_name(name)


@pytest.mark.parametrize("name", ["a b", "a/b", "..\\b", " "])
def test_names_that_no_folder_should_have(name):
    with pytest.raises(UsageError, match="is called by letters, digits, dots"):
        check_name(name)


def test_a_file_where_the_runs_should_be(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(DataError, match=r"runs is not a folder\. Name another --runs-dir"):
        new_run(tmp_path / "runs", "world", "tucker")
    with pytest.raises(DataError, match=r"cannot be made: Not a directory\. Name another"):
        new_run(tmp_path / "runs" / "below", "world", "tucker")


def test_a_read_only_folder(runs, monkeypatch):
    def refuse(path, *arguments, **options):
        raise PermissionError(13, "Permission denied", str(path))

    folder = finished(runs, "a", 1)
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DataError, match=r"cannot be made: Permission denied\. Name another --runs"):
        new_run(runs, "world", "tucker")
    monkeypatch.setattr(Path, "open", refuse)
    for write in (
        lambda: folder.write(folder.card, "text"),
        lambda: folder.append_log("text"),
        lambda: folder.append_metrics({"epoch": 1}),
    ):
        with pytest.raises(DataError, match="cannot be written: Permission denied"):
            write()


def test_a_failing_write_leaves_the_old_file(runs, monkeypatch):
    folder = finished(runs, "a", 1)
    folder.write(folder.card, "old")

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="cannot be written: No space left"):
        folder.write(folder.card, "new")
    assert folder.card.read_text() == "old"
    assert not list(folder.path.glob("*.part"))


def test_metrics_after_an_epoch_are_forgotten(runs):
    folder = finished(runs, "one", 1)
    folder.forget_after(3)  # nothing there yet
    for epoch in range(1, 6):
        folder.append_metrics({"epoch": epoch, "loss": 1 / epoch})
    with folder.metrics.open("a") as file:
        file.write('{"epoch": 6, "lo')  # killed in mid-line
    folder.forget_after(3)
    lines = folder.metrics.read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3]


def test_the_log_has_times(runs):
    folder = finished(runs, "one", 1)
    folder.append_log("begun")
    folder.append_log("done")
    begun, done = folder.log.read_text().splitlines()
    assert begun.endswith(" begun")
    assert done[4] == done[7] == "-"


@pytest.mark.parametrize("content", ["[]", "{", '{"packages": 3}', '{"command": [3]}', '"\xff'])
def test_a_damaged_environment_costs_a_line(tmp_path, content):
    folder = RunFolder(tmp_path)
    assert folder.read_environment() == {}
    folder.environment.write_text(content, encoding="latin-1")
    with pytest.raises(DataError, match=r"environment\.json .*Delete it") as caught:
        folder.read_environment()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    ["{]}", "[1]}", '{"loss": 1}', '{"epoch": "x"}', '{"epoch": 1, "loss": NaN}', "{" * 9999 + "}"],
)
def test_damaged_metrics_cost_a_line(runs, line):
    folder = finished(runs, "one", 1)
    folder.append_metrics({"epoch": 1, "loss": 0.5})
    with folder.metrics.open("a") as file:
        file.write(line + "\n")
    for read in (folder.history, lambda: folder.forget_after(1)):
        with pytest.raises(DataError, match=r"metrics\.jsonl .*Delete it") as caught:
            read()
        assert "\n" not in str(caught.value)
