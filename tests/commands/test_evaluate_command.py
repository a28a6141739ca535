"""`mygo evaluate`: the same numbers as the run's result, cut up and printed."""

from __future__ import annotations

import json

import pytest
import torch


@pytest.fixture
def evaluate(mygo, trained):
    def run(*words):
        return mygo("evaluate", "-q", "--runs-dir", trained, "--device", "cpu", *words)

    return run


def test_tables(evaluate, trained):
    (run,) = trained.iterdir()
    ended = evaluate()
    assert ended.code == 0
    assert ended.err == ""
    assert ended.out.startswith(f"{run.name}: test split, filtered, realistic ties\n")
    for word in ("MRR", "Hits@10", "both sides", "asked side", "relation class", "text only"):
        assert word in ended.out
    assert "borders" not in ended.out
    assert "borders" in evaluate("--relations").out


@pytest.mark.parametrize("split", ["valid", "test"])
def test_json_holds_the_numbers_of_the_run(evaluate, trained, split):
    (run,) = trained.iterdir()
    report = json.loads(evaluate("--split", split, "--json").out)
    assert (report.pop("run"), report.pop("split")) == (run.name, split)
    assert report.pop("ties") == "realistic"
    assert report.pop("selected_by") == "validation MRR"
    expected = json.loads((run / "result.json").read_text())["splits"][split]
    assert report == expected
    assert report["overall"]["count"] == 20


def test_ties(evaluate):
    ranks = {
        rule: json.loads(evaluate("--ties", rule, "--json").out)["overall"]["mean_rank"]
        for rule in ("optimistic", "official", "realistic", "pessimistic")
    }
    assert list(ranks.values()) == sorted(ranks.values())


def test_the_batch_size_changes_nothing(evaluate):
    expected = evaluate("--split", "train", "--json").out
    assert evaluate("--split", "train", "--json", "--batch-size", 1).out == expected
    assert evaluate("--split", "train", "--json", "--batch-size", 7).out == expected


def test_a_split_that_is_not_there(evaluate, world, tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    for name in ("train.txt", "entities.tsv"):
        (folder / name).write_text((world / name).read_text())
    ended = evaluate("--data", folder)
    assert (ended.code, ended.err) == (
        1,
        f"Error: {folder} has no test triples. Name another --split.\n",
    )


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        (torch.nan, "best.pt holds numbers that are not finite, in entity_vectors. Train again"),
        (torch.inf, "best.pt holds numbers that are not finite, in entity_vectors. Train again"),
        (3e38, "The model's scores are not finite numbers"),
    ],
)
def test_scores_that_are_no_numbers(mygo, copied, number, problem):
    (best,) = copied.glob("*/checkpoints/best.pt")
    content = torch.load(best, weights_only=True)
    content["entity_vectors"][:] = number
    torch.save(content, best)
    for words in (["evaluate"], ["rank", "--head", "kenya", "--relation", "grows"]):
        ended = mygo(*words, "-q", "--runs-dir", copied, "--device", "cpu")
        assert ended.code == 1
        assert problem in ended.err
        assert ended.err.count("\n") == 1


@pytest.mark.parametrize("words", [["--split", "dev"], ["--ties", "best"], ["--batch-size", "0"]])
def test_wrong_usage(evaluate, words):
    assert evaluate(*words).code == 2
