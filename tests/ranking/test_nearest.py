"""The training facts that are most like a fact, against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mygo_cli.ranking.nearest import nearest_facts


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.parametrize("fact", [(0, 1, 5), (3, 0, 3), (9, 1, 2)])
def test_the_sum_of_both_cosines(fact):
    random = np.random.default_rng(1)
    vectors = random.standard_normal((12, 6)).astype(np.float32)
    facts = np.unique(random.integers(0, (12, 2, 12), (60, 3)), axis=0)
    facts = np.concatenate([facts, [fact]])
    head, relation, tail = fact
    plain = [
        (cosine(vectors[head], vectors[h]), cosine(vectors[tail], vectors[t]), (h, r, t))
        for h, r, t in facts.tolist()
        if r == relation and (h, r, t) != fact
    ]
    expected = sorted(plain, key=lambda each: -each[0] - each[1])[:4]
    found = nearest_facts(torch.from_numpy(vectors), fact, facts, 4)
    assert [each[:3] for each in found] == [each for *_, each in expected]
    for own, (of_head, of_tail, _) in zip(found, expected, strict=True):
        assert (own.head_cosine, own.tail_cosine) == pytest.approx((of_head, of_tail), abs=1e-5)


def test_equal_facts_stand_in_their_order():
    facts = np.array([(2, 0, 1), (3, 0, 1), (0, 0, 1), (1, 0, 1)])
    found = nearest_facts(torch.ones(4, 3), (0, 0, 1), facts, 9)
    assert [each.head for each in found] == [2, 3, 1]


def test_the_only_fact_of_a_relation_has_none_near():
    facts = np.array([(0, 0, 1), (0, 1, 1)])
    assert nearest_facts(torch.ones(2, 3), (0, 0, 1), facts, 5) == []
    assert nearest_facts(torch.ones(2, 3), (0, 2, 1), facts, 5) == []
    assert nearest_facts(torch.ones(2, 3), (0, 0, 1), facts[:0], 5) == []


def test_a_vector_of_zeros_is_like_nothing():
    vectors = torch.eye(3, dtype=torch.bfloat16)
    vectors[2] = 0
    (near,) = nearest_facts(vectors, (0, 0, 1), np.array([(2, 0, 1)]), 5)
    assert (near.head_cosine, near.tail_cosine) == (0.0, 1.0)
