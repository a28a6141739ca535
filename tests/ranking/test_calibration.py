"""How often an answer of a given probability holds: judged, fitted, measured."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from brute_force import random_table, table_scores

from mygo_cli.errors import MygoError
from mygo_cli.ranking import calibration
from mygo_cli.ranking.calibration import (
    Bin,
    Judged,
    calibration_error,
    fit_calibration,
    fit_in_groups,
    judge,
    reliability,
)


def triples(*rows):
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def test_the_best_answers_and_whether_they_hold():
    table = torch.zeros(2, 1, 4, 4)
    table[0, 0, 0] = torch.tensor([9.0, 4.0, 3.0, 2.0])  # (0, r, ?): 1 is known, 0 was asked about
    table[1, 0, 3] = torch.tensor([1.0, 2.0, 5.0, 9.0])  # (?, r, 3)
    found = judge(table_scores(table), triples((0, 0, 3)), triples((0, 0, 1)), 8)
    tails = torch.tensor([3.0, 2.0]).softmax(0).tolist()
    heads = torch.tensor([5.0, 2.0, 1.0]).softmax(0).tolist()
    assert found.probability == pytest.approx([*tails, *heads])
    assert found.holds.tolist() == [False, True, False, False, True]
    assert found.first.tolist() == [True, False, True, False, False]


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_batches_change_nothing(batch):
    random = np.random.default_rng(0)
    facts = np.unique(random.integers(0, (9, 2, 9), (60, 3)), axis=0)
    score = table_scores(random_table(9, 2, 50, random))
    whole = judge(score, facts[::3], facts[1::3], 1000)
    parts = judge(score, facts[::3], facts[1::3], batch)
    for ours, theirs in zip(parts, whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert 0 < whole.holds.mean() < 1


def test_known_facts_may_have_a_relation_that_nobody_asks_about():
    table = torch.rand(2, 3, 4, 4, generator=torch.manual_seed(0))
    found = judge(table_scores(table), triples((0, 0, 3)), triples((1, 2, 1), (2, 0, 2)), 8)
    assert len(found.holds) == 8  # relation 0 joins an entity to itself, so all may answer
    assert found.holds.sum() == 2


def test_of_many_questions_some_are_asked(monkeypatch):
    monkeypatch.setattr(calibration, "MOST_QUESTIONS", 4)
    facts = triples(*((head, 0, head + 1) for head in range(8)))
    found = judge(table_scores(torch.zeros(2, 1, 9, 9)), facts, facts[:0], 3)
    assert found.first.sum() == 4


def test_nothing_is_asked_of_no_triples():
    found = judge(table_scores(torch.zeros(2, 1, 3, 3)), triples(), triples((0, 0, 1)), 8)
    assert [len(column) for column in found] == [0, 0, 0]


def test_a_score_that_is_no_number():
    table = torch.full((2, 1, 3, 3), torch.nan)
    with pytest.raises(MygoError, match="not finite"):
        judge(table_scores(table), triples((0, 0, 1)), triples(), 8)


def test_the_curve_learns_how_often_answers_hold():
    random = np.random.default_rng(1)
    said = random.random(20_000)
    holds = random.random(20_000) < said**2  # overconfident
    curve = fit_calibration(Judged(said, holds, holds))
    where = np.linspace(0.05, 0.95, 19)
    assert np.abs(curve(where) - where**2).max() < 0.06
    assert (np.diff(curve(np.linspace(0, 1, 200))) >= 0).all()
    before = calibration_error(reliability(said, holds))
    after = calibration_error(reliability(curve(said), holds))
    assert before == pytest.approx(1 / 6, abs=0.01)  # the integral of x - x**2
    assert after < 0.01


def test_groups_keep_the_highest_step_from_resting_on_one():
    said = np.array([4.0, 3.0, 2.0, 1.0, 0.5])
    holds = np.array([True, False, False, True, False])
    alone, pairs = fit_in_groups(said, holds, 1), fit_in_groups(said, holds, 2)
    assert alone(np.array([4.0, 9.0])).tolist() == [1, 1]
    assert pairs(np.array([9.0, 3.5, 1.5, 0.5, 0.1])) == pytest.approx([0.5, 0.5, 0.5, 0, 0])
    assert fit_in_groups(said, holds, 9)(said) == pytest.approx([0.4] * 5)
    # One that counts three times is as three.
    weight = np.array([1.0, 3.0, 1.0, 1.0, 2.0])
    times = weight.astype(np.int64)
    weighed, written = (
        fit_in_groups(said, holds, 1, weight),
        fit_in_groups(np.repeat(said, times), np.repeat(holds, times), 1),
    )
    assert weighed(said) == pytest.approx(written(said))


def test_bins_and_their_error_by_hand():
    said = np.array([0.05, 0.07, 0.95, 1.0])
    bins = reliability(said, np.array([False, True, True, True]))
    assert bins == [Bin(2, pytest.approx(0.06), 0.5), Bin(2, pytest.approx(0.975), 1.0)]
    assert calibration_error(bins) == pytest.approx((2 * 0.44 + 2 * 0.025) / 4)
    assert calibration_error([]) == 0
