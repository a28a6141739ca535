"""A leaking validation split is counted on lines and triples; a new one is cut without loss."""

from __future__ import annotations

import numpy as np
import pytest

from mygo_cli.errors import DataError, UsageError
from mygo_cli.folders import world_folder
from mygo_cli.graph.leaks import Leak, cut_holdout, hold_out_again, validation_leak
from mygo_cli.graph.reading import read_graph

LEAKING = {
    "train.txt": "a\tr\tb\nb\tr\tc\nc\tr\ta\na\ts\tc\nb\ts\ta\nc\ts\tb\n",
    "valid.txt": "a\tr\tb\na\tr\tb\nb\tr\ta\nb\tr\ta\na\ts\ta\n",
    "test.txt": "b\tr\ta\n",
}


@pytest.fixture(scope="module")
def world():
    return read_graph(world_folder())


def keys(graph, triples):
    return set(graph.fact_keys(triples).tolist())


def test_leak_counts_lines_and_triples(make_folder):
    leak = validation_leak(read_graph(make_folder(LEAKING)))
    assert leak == Leak(5, 3, 2, 2, 1, 1)
    assert leak.serious
    assert "2 (1) also stand in train and 2 (1) in test" in leak.message
    assert "--holdout 0.05" in leak.way_out


def test_a_clean_split(world):
    leak = validation_leak(world)
    assert leak == Leak(1250, 1250, 0, 0, 0, 0)
    assert not leak.serious


def test_without_validation(make_folder):
    leak = validation_leak(read_graph(make_folder({"train.txt": "a\tr\tb\n"})))
    assert leak == Leak(0, 0, 0, 0, 0, 0)
    assert not leak.serious


def test_holdout_moves_a_share_of_train(world):
    cut = cut_holdout(world, 0.05, seed=1)
    assert len(cut.valid) == round(0.05 * len(world.train))
    assert len(cut.train) + len(cut.valid) == len(world.train)
    assert keys(cut, cut.train) | keys(cut, cut.valid) == keys(world, world.train)
    assert keys(cut, cut.other) == keys(world, world.valid)
    assert keys(cut, cut.all_triples()) == keys(world, world.all_triples())
    assert cut.test is world.test
    assert not validation_leak(cut).lines_in_train
    assert cut.splits_of(world.valid[:1]) == ["other"]


def test_holdout_leaves_everyone_in_train(world):
    cut = cut_holdout(world, 0.9, seed=0)
    assert np.array_equal(np.unique(cut.train[:, 1]), np.unique(world.train[:, 1]))
    assert np.array_equal(np.unique(cut.train[:, (0, 2)]), np.unique(world.train[:, (0, 2)]))
    assert len(cut.valid) > 0.8 * len(world.train)


@pytest.mark.parametrize("seed", range(5))
def test_holdout_leaves_every_relation_in_train(make_folder, seed):
    """Its last triple stays, though both of its entities have others."""
    rows = [f"{a}\tr\t{b}" for a in "abcde" for b in "abcde"] + ["a\ts\tb", "c\ts\td"]
    graph = read_graph(make_folder({"train.txt": "\n".join(rows) + "\n"}))
    cut = cut_holdout(graph, 0.9, seed)
    assert set(cut.train[:, 1].tolist()) == {0, 1}
    assert len(cut.valid) > 20


def test_holdout_may_be_a_single_triple(world):
    assert len(cut_holdout(world, 1e-9, seed=0).valid) == 1


def test_holdout_is_random_but_repeatable(world):
    first, same = cut_holdout(world, 0.05, seed=3), cut_holdout(world, 0.05, seed=3)
    assert np.array_equal(first.valid, same.valid)
    assert not np.array_equal(first.valid, cut_holdout(world, 0.05, seed=4).valid)


def test_holdout_replaces_a_leaking_split(make_folder):
    graph = read_graph(make_folder(LEAKING))
    cut = cut_holdout(graph, 0.3, seed=0)
    assert len(cut.valid) == 2
    assert cut.other.tolist() == [[0, 1, 0]]
    assert not validation_leak(cut).serious
    held = cut.sources["valid"]
    assert held.path.name == "train.txt"
    assert [graph.train[line - 1].tolist() for line in held.line] == cut.valid.tolist()
    left = cut.sources["train"]
    assert left.path.name == "train.txt"
    assert [graph.train[line - 1].tolist() for line in left.line] == cut.train.tolist()
    assert left.count.tolist() == [1] * len(cut.train)


def test_what_was_held_out_stays_so_in_a_graph_that_grew(make_folder):
    files = {"train.txt": "".join(f"a{n}\tr\ta{n + 1}\n" for n in range(40))}
    cut = cut_holdout(read_graph(make_folder(files)), 0.2, seed=0)
    added = "a9\tr\ta3\na5\tr\ta5\n"
    grown = read_graph(make_folder({"train.txt": files["train.txt"] + added}))
    again = hold_out_again(grown, cut.valid)
    assert again.valid.tolist() == cut.valid.tolist()
    assert again.train.tolist() == [*cut.train.tolist(), [9, 0, 3], [5, 0, 5]]
    assert cut_holdout(grown, 0.2, seed=0).valid.tolist() != cut.valid.tolist()
    lines = (each.sources["valid"].line.tolist() for each in (cut, again))
    assert next(lines) == next(lines)


def test_holdout_keeps_test_answers_out(make_folder):
    files = {"train.txt": "a\tr\tb\nb\tr\ta\n", "test.txt": "a\tr\tb\n"}
    assert cut_holdout(read_graph(make_folder(files)), 0.9, 0).valid.tolist() == [[1, 0, 0]]


def test_nothing_to_spare(make_folder):
    graph = read_graph(make_folder({"train.txt": "a\tr\tb\nc\tr\td\n"}))
    with pytest.raises(DataError, match=r"no train triple can be held out.*--select last"):
        cut_holdout(graph, 0.5, 0)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, float("nan")])
def test_not_a_share(world, share):
    with pytest.raises(UsageError, match=r"--holdout .*: not a share\. Give a number between 0"):
        cut_holdout(world, share, 0)
