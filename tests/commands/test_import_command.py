"""`mygo import`: what it prints, and that the other commands use what it made."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "imports"))

from checkouts import CHECKOUT, CHECKPOINT, expected

OFFICIAL = ("import", "official", CHECKOUT, "--dataset", "DB15K", "--out", "DB15K")


@pytest.fixture
def official(mygo):
    """Return a function that imports the miniature checkout into the current folder."""
    return lambda *words: mygo(*OFFICIAL, "--device", "cpu", *words)


def test_a_model_is_evaluated_and_asked(official, mygo):
    ended = official("--checkpoint", CHECKPOINT)
    assert ended.code == 0
    assert ended.err == "Measuring the model on valid and test.\n"
    lines = ended.out.splitlines()
    assert lines[0] == "graph: DB15K"
    assert "150 entities, 9 relations; distinct triples: 1,080 train, 135 valid" in lines[1]
    assert "--heads 2 --image-tokens 8 --text-tokens 4: as typed" in ended.out
    assert lines[-1].startswith("Next: mygo evaluate --ties official")
    report = json.loads(mygo("evaluate", "--ties", "official", "--device", "cpu", "--json").out)
    assert report["overall"]["mrr"] == pytest.approx(expected()["metrics"]["test"]["MRR"])
    answers = json.loads(
        mygo("rank", "--head", 5, "--relation", 3, "--device", "cpu", "--json").out
    )
    assert len(answers) == 10


def test_json(official):
    found = json.loads(official("--checkpoint", CHECKPOINT, "--json").out)
    assert found["triples"] == {"train": 1080, "valid": 135, "test": 135}
    assert (found["heads"], found["image_tokens"], found["text_tokens"]) == (2, 8, 4)
    assert Path(found["run"], "result.json").exists()
    assert found["result"]["selected_by"] == "imported"
    assert [cache["modality"] for cache in found["caches"]] == ["image", "text"]


def test_tokens_are_used_for_training(official, mygo):
    ended = official()
    assert ended.out.splitlines()[-2:] == [
        f"There is a model, too: --checkpoint {CHECKPOINT}",
        "Next: mygo train --data DB15K",
    ]
    words = ("--dim", 8, "--feed-forward", 8, "--heads", 2, "--epochs", 1, "--device", "cpu")
    ended = mygo("train", "--data", "DB15K", *words)
    assert ended.code == 0
    assert "out of date" not in ended.err
    run = next(Path("mygo-work/runs").iterdir())
    assert "image-imported-" in (run / "config.toml").read_text()
    assert "it was there already" in official().out


def test_imported_caches_are_looked_at(official, mygo):
    official()
    assert mygo("cache", "verify", "--data", "DB15K").out.count(": good\n") == 2
    ended = mygo("tokens", "show", 133, "--data", "DB15K", "--html", "page.html")
    assert (ended.code, ended.err) == (0, "Wrote page.html.\n")
    assert "6028" in ended.out
    ended = mygo("tokens", "show", 133, "--data", "DB15K", "--png", "page.png")
    assert ended.err == "Error: 133 has no tokenized picture to draw. --html shows its text.\n"
    assert "imported" in mygo("cache", "info").out


def test_a_mistake_is_one_line(official, mygo):
    ended = official("--checkpoint", "nowhere.ckpt")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "Error: nowhere.ckpt: no such file.\n"
    assert mygo("import", "official", ".", "--dataset", "X", "--out", "x").code == 2
    assert not Path("DB15K").exists()


def test_a_folder_that_cannot_be_written(official):
    Path("DB15K").write_text("a file")
    ended = official()
    assert ended.code == 1
    assert ended.err.startswith("Error: DB15K")
    assert "--out" in ended.err
    assert len(ended.err.splitlines()) == 1
