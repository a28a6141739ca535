"""`mygo train` on a small graph: what it writes and prints, and how options and files meet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from run_files import newest_run, only_run, result_of, settings_of
from small_world import QUICK, write_caches, write_world

from mygo_cli.commands.train import LEARNED_WELL, too_short


def test_what_a_run_leaves(train, world, caches):
    ended = train("--seed", 3)
    assert ended.code == 0
    run = only_run()
    assert run.name.endswith("_small_tucker")
    assert f"Run: {run}" in ended.out
    assert "valid" in ended.out
    assert "mygo rank" in ended.out
    looks = [line for line in ended.err.splitlines() if not line.startswith("Training on")]
    assert len(looks) == 3  # a slow machine says how long it will take, too
    result = result_of(run)
    assert set(result["splits"]) == {"valid", "test"}
    assert result["selected_by"] == "validation MRR"
    assert 0 < result["splits"]["test"]["overall"]["mrr"] < 1
    metrics = (run / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in metrics] == [1, 2, 3]
    settings = settings_of(run)
    assert settings.training.seed == 3
    assert settings.data.folder == str(world)
    assert settings.decoder.options["chunk"] == 256
    assert Path(settings.tokens.image.cache).parent == caches / "small"
    assert Path(settings.tokens.text.cache).name.startswith("text-letters-")
    card = (run / "README.md").read_text()
    assert "knowledge graph `small`" in card
    assert "image tokens: 3 an entity, from `image-grey-" in card
    assert json.loads((run / "environment.json").read_text())["command"][:2] == ["mygo", "train"]
    assert "training done" in (run / "train.log").read_text()
    assert {path.name for path in (run / "checkpoints").iterdir()} == {"best.pt", "last.pt"}


def test_json(train):
    ended = train("--json")
    printed = json.loads(ended.out)
    run = Path(printed.pop("run"))
    assert printed == result_of(run)


def test_a_terminal_sees_a_bar(train, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    ended = train()
    assert ended.code == 0
    for part in ("train", "epoch 3 loss", "valid MRR", "lr "):
        assert part in ended.err
    assert "epoch 3" not in ended.out


def test_the_config_of_a_run_repeats_it(train, mygo, monkeypatch, tmp_path):
    assert train("--seed", 5, "--decoder-option", "chunk=7", "--questions", "coin-flip").code == 0
    first = only_run().absolute()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert mygo("train", "--config", first / "config.toml").code == 0
    second = only_run()
    assert result_of(second) == result_of(first)
    assert settings_of(second) == settings_of(first)


def test_typed_options_overrule_the_file(train, mygo):
    assert train().code == 0
    file = only_run() / "config.toml"
    assert mygo("train", "--config", file, "--epochs", 1, "--no-image").code == 0
    settings = settings_of(newest_run())
    assert settings.training.epochs == 1
    assert (settings.tokens.image.use, settings.tokens.image.cache) == (False, None)
    assert settings.tokens.text.cache is not None
    assert settings.model.dim == 8


def test_another_decoder_drops_the_decoder_options_of_the_file(train, mygo):
    assert train("--decoder-option", "chunk=9").code == 0
    file = only_run() / "config.toml"
    same = mygo("train", "--config", file, "--decoder", "tucker", "--epochs", 1)
    assert same.code == 0
    assert settings_of(newest_run()).decoder.options["chunk"] == 9
    other = mygo("train", "--config", file, "--decoder", "transe", "--decoder-option", "norm=1")
    assert other.code == 0
    assert settings_of(newest_run()).decoder.options == {"norm": 1}


def test_another_graph_drops_the_caches_of_the_file(train, mygo, tmp_path):
    assert train().code == 0
    file = only_run() / "config.toml"
    other = write_world(tmp_path / "other", seed=1)
    caches = write_caches(tmp_path / "caches", other)
    ended = mygo("train", "--config", file, "--data", other, "--cache-dir", caches)
    assert ended.code == 0
    settings = settings_of(newest_run())
    assert settings.data.folder == str(other)
    assert Path(settings.tokens.image.cache).parent == caches / "other"


def test_without_caches_it_trains_on_structure(mygo, world):
    ended = mygo("train", "--data", world, *QUICK)
    assert ended.code == 0
    for modality in ("image", "text"):
        assert f"No {modality} tokens of small in mygo-work/cache: training without" in ended.err
    settings = settings_of(only_run())
    assert (settings.tokens.image.use, settings.tokens.text.use) == (False, False)


@pytest.mark.parametrize(
    "switches",
    [
        ["--no-image"],
        ["--no-text"],
        ["--no-structure"],
        ["--contrastive", "0"],
        ["--no-image", "--no-text"],
        ["--no-structure", "--no-text", "--contrastive", "0"],
    ],
)
def test_parts_switched_off(train, mygo, switches, world):
    assert train(*switches, "--epochs", 1).code == 0
    ended = mygo("evaluate", "--device", "cpu", "--json")
    groups = json.loads(ended.out)["coverage_of_answer"]
    image, text = "--no-image" not in switches, "--no-text" not in switches
    assert ("text only" in groups) is text  # everyone has a text, if only a name
    assert ("image only" in groups) is (image and not text)
    assert ("image and text" in groups) is (image and text)
    assert ("neither" in groups) is not text


def test_how_long_it_will_take_is_said_once(train, monkeypatch):
    monkeypatch.setattr("mygo_cli.commands.training_progress.MEASURED", 1e9)
    assert "to go." not in train().err  # over before it could be said
    monkeypatch.setattr("mygo_cli.commands.training_progress.MEASURED", 0.0)
    lines = [line for line in train().err.splitlines() if line.endswith(" s to go.")]
    assert len(lines) == 1
    assert lines[0].startswith("Training on small with image-grey-")
    assert " and text-letters-" in lines[0]
    assert ": 3 epochs of " in lines[0]


def test_it_is_logged(train, mygo, tmp_path):
    ended = train("--log", "csv", "--runs-dir", "runs")
    assert ended.code == 0
    (run,) = (tmp_path / "runs").iterdir()
    lines = (run / "epochs.csv").read_text().splitlines()
    assert lines[0].startswith("epoch,loss,contrastive,learning_rate,seconds")
    assert len(lines) == 1 + 3
    ended = train("--log", "cvs", "--runs-dir", "other")
    assert (ended.code, ended.err.splitlines()[-1]) == (
        2,
        "Error: --log cvs: no such backend. Did you mean csv?",
    )
    assert not (tmp_path / "other").exists()


def test_a_run_that_learned_too_little_says_so(train):
    ended = train("--epochs", 2, "--no-image", "--no-text", "--select", "last")
    learned = result_of(only_run())["train_mrr"]
    assert 0 < learned < LEARNED_WELL
    assert f"(they rank at MRR {learned:.2f}). Longer may be better: --epochs 4\n" in ended.out
    well = {"train_mrr": LEARNED_WELL, "epoch": 2}
    early = {"train_mrr": learned, "epoch": 1}
    assert too_short(well, 2) == too_short(early, 2) == ""
