"""`mygo train` on a small graph: what it writes, prints and refuses."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest
from small_world import QUICK, all_triples, write_caches, write_split, write_world

from mygo_cli import config
from mygo_cli.training.fit import Fit
from mygo_cli.training.loop import StepDone
from mygo_cli.training.settings import Settings


@pytest.fixture
def train(mygo, world, caches):
    """Return a function that trains on `world` with its caches and more options."""

    def run(*words):
        return mygo("train", "--data", world, "--cache-dir", caches, *QUICK, *words)

    return run


def only_run(runs="mygo-work/runs"):
    (path,) = Path(runs).iterdir()
    return path


def newest_run(runs="mygo-work/runs"):
    return max(Path(runs).iterdir(), key=lambda path: path.stat().st_mtime_ns)


def settings_of(run):
    return config.from_dict(Settings, config.read_toml(run / "config.toml"), "run")


def result_of(run):
    return json.loads((run / "result.json").read_text())


def test_what_a_run_leaves(train, world, caches):
    ended = train("--seed", 3)
    assert ended.code == 0
    run = only_run()
    assert run.name.endswith("_small_tucker")
    assert f"Run: {run}" in ended.out
    assert "valid" in ended.out
    assert "mygo rank" in ended.out
    assert len(ended.err.splitlines()) == 3  # a line for each look
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
    assert Path(settings.tokens.image_cache).parent == caches / "small"
    assert Path(settings.tokens.text_cache).name.startswith("text-letters-")
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
    assert "epoch" not in ended.out


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
    assert (settings.tokens.image, settings.tokens.image_cache) == (False, None)
    assert settings.tokens.text_cache is not None
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
    assert Path(settings.tokens.image_cache).parent == caches / "other"


def test_without_caches_it_trains_on_structure(mygo, world):
    ended = mygo("train", "--data", world, *QUICK)
    assert ended.code == 0
    for modality in ("image", "text"):
        assert f"No {modality} tokens of small in mygo-work/cache: training without" in ended.err
    settings = settings_of(only_run())
    assert (settings.tokens.image, settings.tokens.text) == (False, False)


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


def test_nothing_left_to_learn_from(train, mygo, world):
    ended = train("--no-structure", "--no-image", "--no-text")
    assert ended.code == 2
    assert ended.err.startswith("Error: Nothing is left to learn from")
    assert len(ended.err.splitlines()) == 1
    without_caches = mygo("train", "--data", world, "--no-structure", *QUICK)
    assert without_caches.code == 2
    assert not Path("mygo-work").exists()


def test_a_cache_of_a_modality_that_is_off(train):
    ended = train("--no-image", "--image-cache", "some.h5")
    assert ended.code == 2
    assert "--image-cache and --no-image exclude each other" in ended.err


def test_a_cache_of_other_entities(mygo, train, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    write_split(other / "train.txt", [("a", "r", "b")])
    (other / "descriptions.tsv").write_text("a\tA letter.\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("small_world.tokenize_images", lambda *rest: None)  # it has no pictures
        caches = write_caches(tmp_path / "caches", other)
    ended = train("--text-cache", next(caches.glob("other/text-*.h5")))
    assert ended.code == 1
    assert "was made for other entities (dataset other) than those of" in ended.err


# Choosing the epoch


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


def test_no_validation_file(mygo, tmp_path):
    folder = tmp_path / "bare"
    folder.mkdir()
    write_split(folder / "train.txt", all_triples())
    ended = mygo("train", "--data", folder, *QUICK)
    assert ended.code == 0
    assert "No validation triples: the last epoch is kept" in ended.err
    assert result_of(only_run())["splits"] == {}
    assert mygo("evaluate", "--device", "cpu").code == 1
    assert mygo("rank", "--head", "kenya", "--relation", "grows", "--device", "cpu").code == 0


# Going on


def press_ctrl_c(monkeypatch, epoch):
    """Let the terminal press Ctrl-C after the first step of an epoch."""
    run = Fit.run

    def pressing(fit, watch):
        def watched(event):
            watch(event)
            if isinstance(event, StepDone) and (event.epoch, event.step) == (epoch, 1):
                signal.raise_signal(signal.SIGINT)

        run(fit, watched)

    monkeypatch.setattr(Fit, "run", pressing)


@pytest.mark.parametrize("words", [[], ["--holdout", "0.1", "--no-image"]])
def test_ctrl_c_and_resume(train, mygo, monkeypatch, words):
    assert train(*words).code == 0
    straight = only_run()
    with monkeypatch.context() as patch:
        press_ctrl_c(patch, epoch=3)
        ended = train(*words)
    broken = newest_run()
    assert ended.code == 130
    assert ended.out == ""
    assert ended.err.splitlines()[-1] == (
        f"Error: Interrupted; epoch 2 of 3 is saved. Go on with: mygo train --resume {broken}"
    )
    assert not (broken / "result.json").exists()
    again = mygo("train", "--resume", broken.name, "--json")  # the name alone will do
    assert again.code == 0
    assert json.loads(again.out) == {"run": str(broken), **result_of(broken)}
    assert result_of(broken) == result_of(straight)
    last = [run / "checkpoints" / "last.pt" for run in (broken, straight)]
    assert last[0].read_bytes() == last[1].read_bytes()


def test_resume_takes_no_other_options(train, mygo):
    assert train("--epochs", 1).code == 0
    for more in (["--epochs", 9], ["--decoder-option", "chunk=3"], ["--config", "x.toml"]):
        ended = mygo("train", "--resume", only_run(), *more)
        assert ended.code == 2
        assert "--resume goes on with the settings of its run" in ended.err


def test_resume_what_is_not_there(mygo):
    ended = mygo("train", "--resume", "nothing")
    assert (ended.code, ended.err) == (
        1,
        "Error: nothing: no such run. Runs lie in mygo-work/runs.\n",
    )


# Mistakes


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--epochs", "0"], 2, "--epochs must be at least 1"),
        (["--epochs", "many"], 2, "'--epochs'"),
        (["--epoch", "3"], 2, "No such option"),
        (["--schedule", "linear"], 2, "linear"),
        (["--dim", "10", "--heads", "4"], 2, "--dim 10 must be a multiple of --heads 4"),
        (["--seed", "-1"], 2, "--seed must not be negative"),
        (["--decoder", "tuker"], 1, "--decoder tuker: no such backend. Did you mean tucker?"),
        (["--decoder-option", "chunks=3"], 2, "unknown setting chunks. Did you mean chunk?"),
        (["--decoder-option", "chunk"], 2, "write it as key=value"),
        (["--decoder-option", "chunk=many"], 2, "chunk = 'many' is not a whole number"),
        (["--decoder-option", "chunk=0"], 2, "chunk must be at least 1"),
        (["--decoder-option", "input_dropout=1.5"], 2, "dropout must lie in [0, 1), not 1.5"),
        (["--decoder", "transe", "--decoder-option", "norm=3"], 2, "norm must be 1 or 2"),
        (["--decoder", "complex", "--dim", "9", "--heads", "3"], 2, "needs an even --dim"),
        (["--device", "gpu"], 2, "--device gpu: no such kind of device"),
        (["--data", "nowhere"], 1, "nowhere: no such folder"),
        (["--image-cache", "nowhere.h5"], 1, "nowhere.h5"),
        (["--config", "nowhere.toml"], 1, "nowhere.toml: no such file"),
    ],
)
def test_mistakes_cost_one_line(train, words, code, message):
    ended = train(*words)
    assert ended.code == code
    assert message in ended.err
    assert "Traceback" not in ended.err
    if code == 1:
        assert len(ended.err.splitlines()) == 1
    assert not Path("mygo-work").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[training]\nepoch = 3\n", "training: unknown setting epoch. Did you mean epochs?"),
        ("training = 3\n", "training = 3 is not a table."),
        ("[decoder]\nname = 'transe'\n[decoder.options]\nnrm = 1\n", "unknown setting nrm"),
    ],
)
def test_mistakes_in_a_file(train, text, message, tmp_path):
    (tmp_path / "my.toml").write_text(text)
    ended = train("--config", "my.toml")
    assert ended.code == 2
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
