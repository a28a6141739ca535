"""Run folders: made, found, and written so that nothing is ever half there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mygo_cli.errors import DataError
from mygo_cli.runs import folder as run_folder
from mygo_cli.runs.folder import RunFolder, find_run, new_run


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "work" / "runs"


def finished(runs: Path, name: str, when: int) -> RunFolder:
    """Return a run that has a model, written at the time `when`."""
    folder = RunFolder(runs / name)
    (folder.path / "checkpoints").mkdir(parents=True)
    folder.config.write_text("")
    folder.best.write_bytes(b"model")
    os.utime(folder.best, (when, when))
    return folder


def test_new_runs_of_the_same_second_get_names_of_their_own(runs, monkeypatch):
    monkeypatch.setattr(run_folder.time, "strftime", lambda pattern: "20260102-030405")
    paths = [new_run(runs, "world", "tucker").path.name for _ in range(3)]
    stem = "20260102-030405_world_tucker"
    assert paths == [stem, f"{stem}-2", f"{stem}-3"]
    assert (runs / stem / "checkpoints").is_dir()


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


def test_the_newest_run_is_the_one_whose_model_was_written_last(runs):
    finished(runs, "20260101_b", 300)
    finished(runs, "20260103_a", 100)
    interrupted = finished(runs, "20260104_c", 400)
    interrupted.best.unlink()
    no_run = finished(runs, "notes", 500)
    no_run.config.unlink()
    assert find_run(None, runs).path.name == "20260101_b"


def test_no_run_yet(runs):
    for make in (lambda: None, lambda: runs.mkdir(parents=True)):
        make()
        with pytest.raises(DataError, match=r"holds no trained run\. Train one with mygo train"):
            find_run(None, runs)


def test_a_run_by_name_or_path(runs):
    folder = finished(runs, "one", 1)
    finished(runs, "two", 2)
    assert find_run(Path("one"), runs).path == folder.path
    assert find_run(folder.path, Path("elsewhere")).path == folder.path
    with pytest.raises(DataError, match=r"three: no such run\. Runs lie in .*runs"):
        find_run(Path("three"), runs)


def test_a_folder_that_is_no_run(runs):
    (runs / "notes").mkdir(parents=True)
    with pytest.raises(DataError, match=r"notes is not a run: it has no config\.toml"):
        find_run(Path("notes"), runs)


def test_a_run_without_a_model_says_how_to_go_on(runs):
    folder = finished(runs, "one", 1)
    folder.best.unlink()
    with pytest.raises(DataError, match=r"holds no model: .* mygo train --config .*config\.toml"):
        find_run(Path("one"), runs)
    folder.last.write_bytes(b"state")
    with pytest.raises(DataError, match=r"holds no model: .* mygo train --resume .*one"):
        find_run(Path("one"), runs)


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
