"""The paired bootstrap against a loop that draws one triple after the other."""

from __future__ import annotations

import numpy as np
import pytest

from mygo_cli.ranking import bootstrap
from mygo_cli.ranking.bootstrap import compare_means, per_triple


def reciprocals(models, triples, seed=0):
    random = np.random.default_rng(seed)
    return 1 / random.integers(1, 60, (models, triples)).astype(float)


def one_after_the_other(values, resamples, seed):
    """Return means (resamples, models), from the same draws."""
    models, triples = values.shape
    drawn = np.random.default_rng(seed).integers(0, triples, (resamples, triples), dtype=np.int32)
    return np.array(
        [[sum(values[m, t] for t in row) / triples for m in range(models)] for row in drawn]
    )


@pytest.mark.parametrize(("models", "triples"), [(1, 1), (2, 5), (4, 23)])
def test_against_a_loop(models, triples):
    values = reciprocals(models, triples)
    naive = one_after_the_other(values, 300, seed=5)
    for row, found in enumerate(compare_means(values, 300, seed=5)):
        apart = naive[:, row] - naive[:, 0]
        assert found.mean == pytest.approx(values[row].mean())
        assert found.difference == pytest.approx(values[row].mean() - values[0].mean())
        for interval, means in (
            (found.interval, naive[:, row]),
            (found.difference_interval, apart),
        ):
            ends = np.quantile(means, [0.025, 0.975])
            assert [interval.low, interval.high] == pytest.approx(ends.tolist(), abs=1e-12)
        assert found.better == pytest.approx((apart > 1e-12).mean())


def test_blocks_do_not_matter(monkeypatch):
    values = reciprocals(3, 31)
    whole = compare_means(values, 500)
    for numbers in (31 * 7, 1):
        monkeypatch.setattr(bootstrap, "BLOCK_NUMBERS", numbers)
        for found, expected in zip(compare_means(values, 500), whole, strict=True):
            assert found.interval == pytest.approx(expected.interval, abs=1e-12)
            assert found.better == expected.better


def test_a_model_is_no_better_than_itself():
    values = reciprocals(1, 40)
    _, twin = compare_means(np.repeat(values, 2, axis=0), 400)
    assert (twin.difference, twin.better) == (0, 0)
    assert (twin.difference_interval.low, twin.difference_interval.high) == (0, 0)


def test_a_model_that_is_always_better_always_is():
    values = reciprocals(1, 40)
    _, better = compare_means(np.concatenate([values, values + 0.01]), 400)
    assert better.better == 1
    assert better.difference_interval.low == pytest.approx(0.01)
    assert better.interval.high - better.interval.low > 0.02  # pairing tells more than overlap


def test_the_interval_is_as_wide_as_theory_says():
    values = reciprocals(1, 2000)
    (found,) = compare_means(values, 4000)
    expected = 2 * 1.96 * values.std() / np.sqrt(values.shape[1])
    assert found.interval.high - found.interval.low == pytest.approx(expected, rel=0.06)


def test_values_of_triples():
    ranks, triple = np.array([1.0, 2.0, 4.0, 2.5, 1.0, 10.0]), np.array([0, 1, 2, 0, 1, 2])
    values = per_triple(ranks, triple, 3)
    assert values == pytest.approx([0.7, 0.75, 0.175])
    assert values.mean() == pytest.approx((1 / ranks).mean())
