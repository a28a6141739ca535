"""Which epoch `mygo train` keeps, and when it refuses to choose one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from run_files import only_run, result_of, settings_of
from small_world import QUICK, all_triples, write_split


@pytest.fixture
def leaking(world, tmp_path):
    """Return a copy of the graph whose validation file stands in train."""
    folder = Path(shutil.copytree(world, tmp_path / "leaking"))
    shutil.copy(folder / "train.txt", folder / "valid.txt")
    return folder


def test_a_leaking_validation_file_is_refused(mygo, leaking):
    ended = mygo("train", "--data", leaking, *QUICK)
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert line.startswith(f"Error: {leaking}/valid.txt: of ")
    assert line.endswith(
        "Train with --holdout 0.05, which cuts a split from train, or with --select last."
    )
    assert not Path("mygo-work").exists()


def test_a_hold_out_is_the_way_out(mygo, leaking):
    assert mygo("train", "--data", leaking, *QUICK, "--holdout", "0.2").code == 0
    lines = len((leaking / "train.txt").read_text().splitlines())
    held_out = result_of(only_run())["splits"]["valid"]["overall"]["count"] // 2
    assert 0 < held_out <= round(0.2 * lines)
    # The commands that use the run cut the same triples.
    ended = mygo("evaluate", "--split", "valid", "--device", "cpu", "--json")
    report = json.loads(ended.out)
    assert report["overall"] == result_of(only_run())["splits"]["valid"]["overall"]


def test_the_last_epoch_is_the_other_way_out(mygo, leaking):
    assert mygo("train", "--data", leaking, *QUICK, "--select", "last").code == 0
    result = result_of(only_run())
    assert (result["epoch"], result["selected_by"]) == (3, "last epoch")


def test_an_epoch_number_chooses_nothing(mygo, leaking):
    assert mygo("train", "--data", leaking, *QUICK, "--select", "2").code == 0
    result = result_of(only_run())
    assert (result["epoch"], result["selected_by"]) == (2, "epoch number")
    assert settings_of(only_run()).data.select == 2
    assert "- epoch 2 of 3, selected by epoch number" in (only_run() / "README.md").read_text()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("tset", "select = 'tset' is not one of best, last, test or a whole number."),
        ("0", "--select 0: epochs are counted from 1."),
        ("4", "--select 4: the run has 3 epochs (--epochs)."),
    ],
)
def test_what_cannot_be_selected(train, value, message):
    ended = train("--select", value)
    assert ended.code == 2
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1


def test_selected_on_test_is_written_everywhere(mygo, leaking):
    ended = mygo("train", "--data", leaking, *QUICK, "--select", "test")
    assert ended.code == 0
    assert "Selected on test: the epoch was chosen by looking at the test split" in ended.out
    looks = [line for line in ended.err.splitlines() if line.startswith("epoch ")]
    assert len(looks) == 3
    assert all(", test MRR 0." in line for line in looks)
    run = only_run()
    assert run.name.endswith("_leaking_tucker_selected-on-test")
    assert result_of(run)["selected_by"] == "test MRR (selected on test)"
    card = (run / "README.md").read_text()
    assert "selected by test MRR (selected on test)" in card
    assert "**Selected on test: " in card
    told = mygo("evaluate", "--device", "cpu").out
    assert "selected-on-test: test split" in told
    assert "Selected on test: " in told
    printed = json.loads(mygo("evaluate", "--device", "cpu", "--json").out)
    assert printed["selected_by"] == "test MRR (selected on test)"


def test_no_test_split_to_select_on(mygo, leaking):
    (leaking / "test.txt").unlink()
    ended = mygo("train", "--data", leaking, *QUICK, "--select", "test")
    assert (ended.code, ended.err) == (
        1,
        f"Error: {leaking} has no test triples. Leave out --select test.\n",
    )


def test_no_validation_file(mygo, tmp_path):
    folder = tmp_path / "bare"
    folder.mkdir()
    write_split(folder / "train.txt", all_triples())
    (folder / "dev.tsv").write_text("kenya\tgrows\ttea\n")
    ended = mygo("train", "--data", folder, *QUICK)
    assert ended.code == 0
    assert "No validation triples: the last epoch is kept" in ended.err
    assert "dev.tsv is read if it is renamed to valid.tsv" in ended.err
    assert result_of(only_run())["splits"] == {}
    assert mygo("evaluate", "--device", "cpu").code == 1
    assert mygo("rank", "--head", "kenya", "--relation", "grows", "--device", "cpu").code == 0
