"""`mygo experiment` on a small graph: what it trains, keeps, goes on with and prints."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from run_files import result_of, settings_of

from mygo_cli.files import only_writer
from mygo_cli.training.fit import TrainingRun
from mygo_cli.training.loop import StepDone

FILE = """
description = "pictures or not"
seeds = [0, 1]

[settings.model]
dim = 8
feed_forward = 12
heads = 2

[settings.tokens]
image.keep = 3
text.keep = 3

[settings.training]
epochs = 2
batch_size = 32
evaluate_every = 1
contrastive_entities = 12
device = "cpu"

[[variant]]
name = "full"

[[variant]]
name = "no image"
tokens.image.use = false
"""
FOLDER = Path("mygo-work/experiments/pictures_small")
NAMES = ["full_seed-0", "full_seed-1", "no-image_seed-0", "no-image_seed-1"]


@pytest.fixture
def experiment(mygo, world, caches, tmp_path):
    """Return a function that runs the experiment of a file with more options."""
    (tmp_path / "pictures.toml").write_text(FILE)

    def run(*words, data=world):
        return mygo("experiment", "pictures.toml", "--data", data, "--cache-dir", caches, *words)

    return run


def runs_in(folder=FOLDER):
    return sorted(path.name for path in (folder / "runs").iterdir())


def times():
    """Return when each run was done."""
    return {path.parent.name: path.stat().st_mtime_ns for path in FOLDER.glob("runs/*/result.json")}


def test_from_file_to_table(experiment):
    ended = experiment()
    assert ended.code == 0
    assert runs_in() == NAMES
    assert "pictures: 4 runs, of which 0 are done." in ended.err
    headings = [line for line in ended.err.splitlines() if line.startswith("[")]
    assert headings == [
        "[1/4] full, seed 0",
        "[2/4] no image, seed 0",
        "[3/4] full, seed 1",
        "[4/4] no image, seed 1",
    ]
    settings = settings_of(FOLDER / "runs" / "no-image_seed-1")
    assert (settings.tokens.image.use, settings.training.seed) == (False, 1)
    mrrs = [
        result_of(FOLDER / "runs" / f"full_seed-{seed}")["splits"]["test"]["overall"]["mrr"]
        for seed in (0, 1)
    ]
    assert f"{sum(mrrs) / 2:.3f} ± " in ended.out
    assert f"{sum(mrrs) / 2:.4f} ± " in (FOLDER / "table.md").read_text()
    assert "(runs/no-image_seed-1)" in (FOLDER / "table.md").read_text()
    assert (FOLDER / "table.csv").read_text().count("\n") == 3
    assert r"\bottomrule" in (FOLDER / "table.tex").read_text()
    assert (FOLDER / "experiment.toml").read_text() == FILE
    assert not list(FOLDER.rglob("*.lock"))


def test_what_is_done_is_kept_and_what_changed_is_trained(experiment, mygo, tmp_path):
    assert experiment().code == 0
    before = times()
    again = experiment("--json")
    assert again.code == 0
    assert times() == before
    printed = json.loads(again.out)
    assert printed["folder"] == str(FOLDER)
    assert [row["variant"] for row in printed["rows"]] == ["full", "no image"]
    assert printed["rows"][1]["runs"] == ["runs/no-image_seed-0", "runs/no-image_seed-1"]
    more = experiment("--seeds", 3)
    assert "6 runs, of which 4 are done." in more.err
    assert len(runs_in()) == 6
    changed = FILE.replace(
        "tokens.image.use = false", "tokens.image.use = false\ntraining.epochs = 1"
    )
    (tmp_path / "pictures.toml").write_text(changed)
    ended = experiment()
    assert "4 runs, of which 2 are done." in ended.err
    assert {"no-image_seed-0-2", "no-image_seed-1-2"} < set(runs_in())
    assert "runs/no-image_seed-0-2" in (FOLDER / "table.csv").read_text()
    assert {name: when for name, when in times().items() if name in before} == before


def test_another_graph_under_the_same_name_is_trained_again(experiment, world, tmp_path):
    copy = Path(shutil.copytree(world, tmp_path / "elsewhere" / "small"))
    assert experiment("--seeds", 1).code == 0
    moved = experiment("--seeds", 1, data=copy)
    assert "2 runs, of which 2 are done." in moved.err
    train = (copy / "train.txt").read_text().splitlines(keepends=True)
    (copy / "train.txt").write_text("".join(train[1:]))
    assert "2 runs, of which 0 are done." in experiment("--seeds", 1, data=copy).err


def test_a_graph_that_changes_meanwhile(experiment, world, tmp_path, monkeypatch):
    copy = Path(shutil.copytree(world, tmp_path / "elsewhere" / "small"))
    events = TrainingRun.events

    def changing(run):
        train = (copy / "train.txt").read_text().splitlines(keepends=True)
        (copy / "train.txt").write_text("".join(train[1:]))
        yield from events(run)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "events", changing)
        ended = experiment("--seeds", 1, data=copy)
    assert ended.code == 1
    assert f"no image, seed 0: {copy} or its tokens changed since this command" in ended.err
    assert runs_in() == ["full_seed-0"]
    assert "2 runs, of which 0 are done." in experiment("--seeds", 1, data=copy).err


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"splits": {}}'])
def test_a_damaged_result_is_measured_again(experiment, damage):
    assert experiment("--seeds", 1).code == 0
    run = FOLDER / "runs" / "full_seed-0"
    before = result_of(run)
    (run / "result.json").write_text(damage)
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 3, "sec')
    assert "2 runs, of which 1 are done." in experiment("--seeds", 1).err
    assert result_of(run) == before


def test_metrics_that_are_gone_leave_the_seconds_open(experiment):
    assert experiment("--seeds", 1).code == 0
    (FOLDER / "runs" / "full_seed-0" / "metrics.jsonl").unlink()
    again = experiment("--seeds", 1, "--json")
    assert again.code == 0
    assert json.loads(again.out)["rows"][0]["seconds_mean"] is None


def test_a_run_that_cannot_go_on_says_what_to_delete(experiment):
    assert experiment("--seeds", 1).code == 0
    run = FOLDER / "runs" / "full_seed-0"
    (run / "result.json").unlink()
    (run / "checkpoints" / "last.pt").write_bytes(b"half")
    ended = experiment("--seeds", 1)
    assert ended.code == 1
    assert f"Delete {run} to train it from the start." in ended.err
    assert "Traceback" not in ended.err


def press_ctrl_c(monkeypatch, times_begun, epoch):
    """Press Ctrl-C in an epoch of the run that is begun as number `times_begun`."""
    events, begun = TrainingRun.events, []

    def pressing(run):
        begun.append(run)
        for event in events(run):
            if len(begun) == times_begun and isinstance(event, StepDone) and event.epoch == epoch:
                signal.raise_signal(signal.SIGINT)
            yield event

    monkeypatch.setattr(TrainingRun, "events", pressing)


def test_ctrl_c_and_the_same_command_again(experiment, monkeypatch, tmp_path):
    assert experiment("--output", "straight").code == 0
    with monkeypatch.context() as patch:
        press_ctrl_c(patch, times_begun=3, epoch=2)
        ended = experiment()
    assert ended.code == 130
    assert ended.out == ""
    line = ended.err.splitlines()[-1]
    assert line.startswith("Error: Interrupted; 2 of 4 runs are done. The same command goes on.")
    assert "| full | validation MRR |" in (FOLDER / "table.md").read_text()
    states = [row["state"] for row in json.loads(experiment("--dry-run", "--json").out)["runs"]]
    assert states == ["done", "done", "interrupted", "to do"]
    assert "interrupted" in experiment("--dry-run").out
    again = experiment()
    assert again.code == 0
    assert "4 runs, of which 2 are done." in again.err
    assert "[3/4] full, seed 1" in again.err
    assert runs_in() == NAMES
    for name in NAMES:
        assert result_of(FOLDER / "runs" / name) == result_of(Path("straight") / "runs" / name)


def test_a_variant_that_is_another_one_is_trained_once(experiment):
    same = FILE + '\n[[variant]]\nname = "again"\ntokens.image.use = false\n'
    Path("pictures.toml").write_text(same)
    states = [row["state"] for row in json.loads(experiment("--dry-run", "--json").out)["runs"]]
    assert states.count("to do") == 4
    assert [state for state in states if state != "to do"] == ["the run of no image"] * 2


def test_ctrl_c_while_a_run_is_measured(experiment, monkeypatch):
    def interrupted(*rest):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("mygo_cli.training.run.measure", interrupted)
        ended = experiment()
    assert ended.code == 130
    assert "0 of 4 runs are done. The same command goes on." in ended.err.splitlines()[-1]
    assert experiment().code == 0


@pytest.mark.slow
def test_killed_and_resumed(experiment, world, caches, tmp_path):
    (tmp_path / "pictures.toml").write_text(FILE.replace("epochs = 2", "epochs = 20"))
    words = ["experiment", "pictures.toml", "--data", world, "--cache-dir", caches, "--seeds", "1"]
    command = subprocess.Popen(
        [sys.executable, "-m", "mygo_cli", *map(str, words)], stderr=subprocess.DEVNULL
    )
    second = FOLDER / "runs" / "no-image_seed-0" / "checkpoints" / "last.pt"
    for _ in range(2400):
        if second.exists() or command.poll() is not None:
            break
        time.sleep(0.05)
    command.kill()
    command.wait()
    assert second.exists()
    before = times()
    assert list(before) == ["full_seed-0"]
    ended = experiment("--seeds", 1)
    assert ended.code == 0
    assert "2 runs, of which 1 are done." in ended.err
    assert times().items() > before.items()
    epochs = (second.parents[1] / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in epochs] == list(range(1, 21))


def test_one_that_fails_does_not_stop_the_others(experiment, tmp_path, monkeypatch):
    text = FILE + '\n[[variant]]\nname = "wild"\ntraining.learning_rate = 1e30\nmodel.dim = 16\n'
    (tmp_path / "pictures.toml").write_text(text)
    ended = experiment("--seeds", 1)
    assert ended.code == 1
    lines = ended.err.splitlines()
    assert lines[-1] == (
        "Error: 1 of 3 runs are not done, for the reasons given above. "
        "What is done is kept: put them right and give the same command again."
    )
    assert sum(line.startswith("wild, seed 0: The loss is not a finite") for line in lines) == 1
    assert "0 of 1" in ended.out
    assert (FOLDER / "table.md").read_text().count("(runs/") == 2


def test_a_fault_in_one_is_told_in_a_line(experiment, monkeypatch):
    def broken(*rest, **more):
        raise RuntimeError("CUDA out of memory. Tried to allocate\nmuch")

    monkeypatch.setattr("mygo_cli.experiments.conduct.train_run", broken)
    ended = experiment()
    assert ended.code == 1
    assert "full, seed 0: Out of memory." in ended.err
    assert "Traceback" not in ended.err


def test_runs_of_another_process_are_left_to_it(experiment, mygo, monkeypatch):
    from mygo_cli.experiments import conduct

    locks = []

    def lock_of_the_first(path):
        locks.append(path)
        return only_writer(path)

    monkeypatch.setattr(conduct, "only_writer", lock_of_the_first)
    assert experiment("--seeds", 1).code == 0
    shutil.rmtree(FOLDER / "runs" / "full_seed-0")
    with only_writer(locks[0]):
        ended = experiment("--seeds", 1)
    assert ended.code == 0
    assert "full, seed 0: another process is training it." in ended.err
    assert ended.err.splitlines()[-1] == (
        "Give the same command again when the other process is done."
    )
    assert runs_in() == ["no-image_seed-0"]


def test_variants_that_are_the_same_are_trained_once(experiment, mygo, world):
    words = ("experiment", "pictures.toml", "--data", world, "--seeds", 1)  # without caches
    ended = mygo(*words)
    assert ended.code == 0
    assert ended.err.count("No image tokens of small") == 1
    assert "no image: the same as full here; trained once." in ended.err
    assert runs_in() == ["full_seed-0"]
    assert (FOLDER / "table.md").read_text().count("(runs/full_seed-0)") == 2


def test_selected_on_test_is_written_in_every_table(experiment, tmp_path):
    text = FILE.replace("tokens.image.use = false", 'data.select = "test"')
    (tmp_path / "pictures.toml").write_text(text)
    ended = experiment("--seeds", 1)
    assert "no image (selected on test)" in ended.out
    assert "Selected on test: the epoch was chosen" in ended.out
    assert runs_in() == ["full_seed-0", "no-image_seed-0_selected-on-test"]
    for ending in ("md", "csv", "tex"):
        assert "selected on test" in (FOLDER / f"table.{ending}").read_text()
    assert '"test MRR (selected on test)"' in experiment("--seeds", 1, "--json").out


def test_a_recipe_and_a_device(experiment):
    ended = experiment("--recipe", "mkg-y-paper", "--device", "cpu", "--seeds", 1)
    assert ended.code == 0
    settings = settings_of(FOLDER / "runs" / "full_seed-0")
    assert settings.training.schedule == "cosine-restarts"
    assert settings.model.dim == 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ('data.select = "test"', "small has no test triples."),
        ('training.device = "banana"', "--device banana: no such kind of device."),
        ("decoder.options.input_dropout = 3.0", "decoder tucker: "),
        ('decoder.name = "rotate"\nmodel.dim = 9\nmodel.heads = 3', "rotate needs an even --dim"),
        ("data.folder = 5", "data: folder = 5 is not a text"),
    ],
)
def test_the_last_variant_is_looked_at_before_the_first_is_trained(
    experiment, world, tmp_path, changes, message
):
    copy = Path(shutil.copytree(world, tmp_path / "elsewhere" / "small"))
    if "test" in changes:
        (copy / "test.txt").unlink()
    text = FILE + f'\n[[variant]]\nname = "last"\n{changes}\n'
    (tmp_path / "pictures.toml").write_text(text)
    ended = experiment(data=copy)
    assert ended.code in (1, 2)
    assert ended.err.splitlines()[-1].startswith("Error: ")
    assert "last" in ended.err.splitlines()[-1]
    assert message in ended.err.splitlines()[-1]
    assert not FOLDER.exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["ablatoin"], 2, "ablatoin: no such experiment. Did you mean ablation?"),
        (["nothing.toml"], 1, "nothing.toml: no such file."),
        (["db15k"], 2, "db15k: no such experiment. There are: ablation, decoders, tokens."),
        (["ablation", "--recipe", "db15"], 2, "db15: no such recipe. Did you mean db15k"),
    ],
)
def test_mistakes(mygo, words, code, message):
    ended = mygo("experiment", *words)
    assert ended.code == code
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not Path("mygo-work").exists()


def test_torchrun_is_not_for_experiments(experiment, monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    ended = experiment()
    assert ended.code == 2
    assert "An experiment trains in one process." in ended.err


def test_a_folder_that_cannot_be_written(experiment, tmp_path):
    (tmp_path / "taken").write_text("")
    ended = experiment("--output", "taken")
    assert ended.code == 1
    assert "taken" in ended.err.splitlines()[-1]
    assert ended.err.splitlines()[-1].endswith("Name another --output.")
