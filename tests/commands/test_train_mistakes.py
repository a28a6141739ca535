"""Mistakes in options and files of `mygo train` cost one line, and leave no run behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_world import QUICK, write_caches, write_split


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


def test_a_cache_of_another_modality(train, caches):
    path = next(caches.glob("**/text-*.h5"))
    ended = train("--image-cache", path)
    assert ended.code == 2
    assert ended.err.endswith(f"{path} holds text tokens. Name it with --text-cache.\n")


def test_a_cache_of_other_entities(mygo, train, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    write_split(other / "train.txt", [("a", "r", "b")])
    (other / "descriptions.tsv").write_text("a\tA letter.\n")
    caches = write_caches(tmp_path / "caches", other)
    ended = train("--text-cache", next(caches.glob("other/text-*.h5")))
    assert ended.code == 1
    assert "was made for other entities (dataset other) than those of" in ended.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--epochs", "0"], 2, "--epochs must be at least 1"),
        (["--epochs", "many"], 2, "'--epochs'"),
        (["--epoch", "3"], 2, "No such option"),
        (["--schedule", "linear"], 2, "linear"),
        (["--dim", "-4"], 2, "--dim must be at least 1"),
        (["--dim", "10", "--heads", "4"], 2, "--dim 10 must be a multiple of --heads 4"),
        (["--seed", "-1"], 2, "--seed must not be negative"),
        (["--decoder", "tuker"], 2, "--decoder tuker: no such backend. Did you mean tucker?"),
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
