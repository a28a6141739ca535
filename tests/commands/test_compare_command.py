"""`mygo compare`: several runs on the same triples."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from run_files import newest_run, only_run, result_of
from small_world import QUICK


@pytest.fixture
def two(train):
    """Train two runs and return their folders."""
    folders = []
    for decoder in ("tucker", "dot"):
        assert train("--decoder", decoder, "--seed", len(folders)).code == 0
        folders.append(newest_run())
    return folders


def test_json_agrees_with_the_results(mygo, two):
    ended = mygo("compare", two[0].name, two[1], "--device", "cpu", "--json")
    assert ended.code == 0
    printed = json.loads(ended.out)
    assert (printed["split"], printed["triples"], printed["resamples"]) == ("test", 10, 10_000)
    first, second = printed["runs"]
    for line, run in ((first, two[0]), (second, two[1])):
        assert line["run"] == str(run)
        expected = result_of(run)["splits"]["test"]["overall"]
        for key in ("count", "mrr", "hits@1", "hits@3", "hits@10"):
            assert line[key] == pytest.approx(expected[key], rel=1e-6)
        assert line["mrr_interval"][0] < line["mrr"] < line["mrr_interval"][1]
    assert second["difference"] == pytest.approx(second["mrr"] - first["mrr"])
    low, high = second["difference_interval"]
    assert low < second["difference"] < high
    assert (first["difference"], first["better"]) == (0, 0)
    backwards = json.loads(mygo("compare", two[1], two[0], "--device", "cpu", "--json").out)
    assert backwards["runs"][1]["better"] == pytest.approx(1 - second["better"], abs=0.02)


def test_tables(mygo, two):
    ended = mygo("compare", *two, "--split", "valid", "--device", "cpu")
    assert ended.code == 0
    assert ended.out.splitlines()[0] == (
        "valid split, filtered, realistic ties; "
        "95 % intervals from 10,000 resamples of its 10 triples"
    )
    assert f"against {two[0].name}" in ended.out
    assert ended.out.count(two[1].name) == 2
    assert ended.err == ""


@pytest.mark.parametrize("more", [(), ("--by", "relation")])
def test_intervals_are_two_columns_of_rows(mygo, two, more):
    ended = mygo("compare", *two, *more, "--device", "cpu", "--csv")
    for row in csv.DictReader(ended.out.splitlines()):
        assert float(row["mrr_from"]) <= float(row["mrr"]) <= float(row["mrr_to"])
        assert float(row["difference_from"]) <= float(row["difference_to"])


def test_by_relation(mygo, two):
    ended = mygo("compare", *two, "--by", "relation", "--device", "cpu", "--json")
    printed = json.loads(ended.out)
    lines, overall = printed["relations"], printed["runs"]
    seconds = [line for line in lines if line["run"] == str(two[1])]
    assert sum(line["triples"] for line in seconds) == printed["triples"]
    together = sum(line["triples"] * line["difference"] for line in seconds) / printed["triples"]
    assert together == pytest.approx(overall[1]["difference"])
    ended = mygo("compare", *two, "--by", "relation", "--device", "cpu")
    assert f"{two[1].name} against {two[0].name}, relation by relation\n" in ended.out
    assert all(line["relation"] in ended.out for line in seconds)
    ended = mygo("compare", two[0], "--by", "relation", "--device", "cpu")
    assert (ended.code, ended.err.count("\n")) == (2, 1)


def test_joined_runs_count_as_their_mean(mygo, two):
    both = f"{two[0]},{two[1].name}"
    lines = json.loads(mygo("compare", two[0], both, "--device", "cpu", "--json").out)["runs"]
    alone = json.loads(mygo("compare", *two, "--device", "cpu", "--json").out)["runs"]
    for key in ("mrr", "hits@1", "mean_rank"):
        assert lines[1][key] == pytest.approx((alone[0][key] + alone[1][key]) / 2)
    assert lines[1]["difference"] == pytest.approx(alone[1]["difference"] / 2)
    assert f"{two[0].name} and 1 more" in mygo("compare", two[0], both, "--device", "cpu").out


def test_one_run_alone(mygo, train):
    assert train().code == 0
    ended = mygo("compare", only_run(), "--device", "cpu")
    assert ended.code == 0
    assert "against" not in ended.out


def test_runs_of_other_graphs_are_refused(mygo, two, world, tmp_path):
    other = Path(shutil.copytree(world, tmp_path / "other"))
    with (other / "train.txt").open("a") as file:
        file.write("kenya\tvisits\tjapan\n")
    assert mygo("train", "--data", other, *QUICK, "--runs-dir", "elsewhere").code == 0
    ended = mygo("compare", two[0], only_run("elsewhere"), "--device", "cpu")
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    assert "knows other entities or relations than" in ended.err
    assert ended.err.endswith("Compare runs of one graph.\n")


def test_runs_of_a_graph_in_two_orders_are_refused(mygo, two, world, tmp_path):
    other = Path(shutil.copytree(world, tmp_path / "other"))
    lines = (other / "entities.tsv").read_text().splitlines()
    (other / "entities.tsv").write_text("\n".join(sorted(lines, reverse=True)))
    assert mygo("train", "--data", other, *QUICK, "--runs-dir", "elsewhere").code == 0
    ended = mygo("compare", two[0], only_run("elsewhere"), "--device", "cpu")
    assert "knows entities or relations in another order than" in ended.err


def test_other_triples_of_the_same_names_are_refused(mygo, two, world, tmp_path):
    other = Path(shutil.copytree(world, tmp_path / "other"))
    test = (other / "test.txt").read_text().splitlines(keepends=True)
    (other / "test.txt").write_text("".join(test[1:]))
    assert mygo("train", "--data", other, *QUICK, "--runs-dir", "elsewhere").code == 0
    run = only_run("elsewhere")
    ended = mygo("compare", two[0], run, "--device", "cpu")
    assert "has other test triples than" in ended.err
    ended = mygo("compare", two[0], run, "--device", "cpu", "--split", "valid")
    assert "leaves out other known facts than" in ended.err


def test_hold_outs_are_compared_on_test(mygo, train):
    runs = []
    for seed in (0, 1):
        assert train("--holdout", "0.2", "--seed", seed).code == 0
        runs.append(newest_run())
    assert mygo("compare", *runs, "--device", "cpu").code == 0
    ended = mygo("compare", *runs, "--device", "cpu", "--split", "valid")
    assert ended.code == 1
    assert ended.err.endswith(
        "Each --holdout and --seed cuts its own train and valid: compare on --split test.\n"
    )


def test_selected_on_test_is_said(mygo, train):
    assert train("--select", "test").code == 0
    ended = mygo("compare", only_run(), "--device", "cpu")
    assert f"{only_run().name} (selected on test)" in ended.out
    assert "Selected on test: the epoch was chosen" in ended.out
    printed = json.loads(mygo("compare", only_run(), "--device", "cpu", "--json").out)
    assert printed["runs"][0]["selected_by"] == "test MRR (selected on test)"


def test_alike_names_are_told_apart(mygo, train):
    assert train().code == 0
    shutil.copytree(only_run(), Path("copy") / only_run().name)
    ended = mygo("compare", only_run(), Path("copy") / only_run().name, "--device", "cpu")
    assert f"copy/{only_run().name}" in ended.out
    assert "0.0 %" in ended.out


def test_no_such_run(mygo):
    ended = mygo("compare", "nothing")
    assert (ended.code, ended.err) == (
        1,
        "Error: nothing: no such run. Runs lie in mygo-work/runs. "
        "List them with: mygo runs --runs-dir mygo-work/runs\n",
    )


def test_commas_alone_name_no_run(mygo):
    ended = mygo("compare", ",", "a")
    assert (ended.code, ended.err) == (2, "Error: ',' names no run. mygo runs lists them.\n")
