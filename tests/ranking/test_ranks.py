"""Tie rules and metrics on ranks that can be worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from mygo_cli.errors import MygoError
from mygo_cli.ranking.ranks import (
    check_finite,
    count_known_rivals,
    count_rivals,
    mean_reciprocal,
    metrics,
    ranks,
)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("optimistic", [1, 3, 1, 6]),
        ("pessimistic", [1, 3, 4, 8]),
        ("realistic", [1, 3, 2.5, 7]),
        ("official", [1, 3, 2, 7]),
    ],
)
def test_tie_rules(rule, expected):
    better, ties = torch.tensor([0, 2, 0, 5]), torch.tensor([0, 0, 3, 2])
    found = ranks(better, ties, rule)
    assert found.dtype == torch.float64
    assert found.tolist() == expected


def test_realistic_is_the_default():
    better, ties = torch.tensor([0, 4]), torch.tensor([1, 2])
    assert torch.equal(ranks(better, ties), ranks(better, ties, "realistic"))
    assert mean_reciprocal(better, ties) == pytest.approx((1 / 1.5 + 1 / 6) / 2)


def test_metrics():
    found = metrics(torch.tensor([1.0, 2.0, 3.0, 3.5, 10.0, 11.0], dtype=torch.float64))
    assert found is not None
    assert found.count == 6
    assert found.mrr == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 3.5 + 1 / 10 + 1 / 11) / 6)
    assert found.mean_rank == pytest.approx(30.5 / 6)
    assert found.hits == pytest.approx({1: 1 / 6, 3: 3 / 6, 10: 5 / 6})
    assert list(found.row()) == ["count", "mrr", "mean_rank", "hits@1", "hits@3", "hits@10"]


def test_no_ranks():
    nothing = torch.zeros(0, dtype=torch.long)
    assert metrics(nothing) is None
    assert mean_reciprocal(nothing, nothing) == 0.0


def test_rivals_by_hand():
    scores = torch.tensor([[3.0, 1.0, 3.0, 2.0], [0.0, 0.0, 0.0, 0.0]])
    rows, truths = torch.tensor([0, 0, 1]), torch.tensor([2, 1, 3])
    better, ties = count_rivals(scores, rows, truths)
    assert better.tolist() == [0, 3, 0]
    assert ties.tolist() == [1, 0, 3]


def test_known_rivals_by_hand():
    scores = torch.tensor([[3.0, 1.0, 3.0, 2.0], [0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0]])
    rows, truths = torch.tensor([0, 0, 1, 2]), torch.tensor([2, 1, 3, 0])
    # Row 0 knows 0, 2 and 3; row 1 knows 3, the truth itself, and 0; row 2 knows nothing.
    start, known = torch.tensor([0, 3, 5, 5]), torch.tensor([0, 2, 3, 3, 0])
    better, ties = count_known_rivals(scores, rows, truths, start, known)
    assert better.tolist() == [0, 3, 0, 0]
    assert ties.tolist() == [1, 0, 1, 0]


def test_no_known_answers_at_all():
    scores, rows = torch.rand(2, 5), torch.tensor([0, 1, 1])
    nothing = torch.zeros(0, dtype=torch.long)
    start = torch.zeros(3, dtype=torch.long)
    better, ties = count_known_rivals(scores, rows, torch.tensor([0, 1, 2]), start, nothing)
    assert better.tolist() == ties.tolist() == [0, 0, 0]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_not_a_number_has_no_rank(value):
    check_finite(torch.zeros(2, 3))
    scores = torch.zeros(2, 3)
    scores[1, 2] = value
    with pytest.raises(MygoError, match="not finite numbers"):
        check_finite(scores)
