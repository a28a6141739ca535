"""Triples become distinct questions and lose nothing on the way."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mygo_cli.model.queries import Questions, ask


@st.composite
def triples_and_sides(draw):
    row = st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 4))
    rows = draw(st.lists(row, max_size=25))
    sides = draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    return np.array(rows, dtype=np.int64).reshape(-1, 3), torch.tensor(sides, dtype=torch.bool)


def facts_of(questions: Questions) -> Counter[tuple[int, ...]]:
    """Return (triple's number, side, entity, relation, answer) of every answer."""
    found: Counter[tuple[int, ...]] = Counter()
    start = questions.start.tolist()
    for place in range(len(questions)):
        query = [int(part[place]) for part in questions.queries]
        for j in range(start[place], start[place + 1]):
            key = (int(questions.triples[j]), query[2], query[0], query[1])
            found[(*key, int(questions.answers[j]))] += 1
    return found


def facts_of_triples(triples, sides):
    """Return what `facts_of` should: `sides` None asks both."""
    found = Counter()
    for number, (head, relation, tail) in enumerate(triples.tolist()):
        if sides is None or not sides[number]:
            found[number, False, head, relation, tail] += 1
        if sides is None or sides[number]:
            found[number, True, tail, relation, head] += 1
    return found


@given(triples_and_sides(), st.booleans(), st.booleans())
@settings(deadline=None)
def test_no_answer_is_lost(drawn, both, group):
    triples, sides = drawn
    asked = None if both else sides
    questions = ask(triples, asked, group)
    assert facts_of(questions) == facts_of_triples(triples, asked)
    assert questions.start[0] == 0
    assert questions.start[-1] == len(questions.answers) == len(triples) * (2 if both else 1)
    assert (questions.start.diff() > 0).all()


@given(triples_and_sides())
@settings(deadline=None)
def test_grouped_questions_are_distinct(drawn):
    triples, _ = drawn
    questions = ask(triples)
    keys = list(zip(*(part.tolist() for part in questions.queries), strict=True))
    assert len(set(keys)) == len(keys)
    assert len(ask(triples, group=False)) == 2 * len(triples)


@given(triples_and_sides(), st.booleans(), st.integers(0, 9999))
@settings(deadline=None)
def test_another_order_holds_the_same(drawn, group, seed):
    triples, sides = drawn
    questions = ask(triples, sides, group)
    order = torch.randperm(len(questions), generator=torch.Generator().manual_seed(seed))
    shuffled = questions.reordered(order)
    assert facts_of(shuffled) == facts_of(questions)
    assert torch.equal(shuffled.entity, questions.entity[order])
    back = shuffled.reordered(torch.argsort(order))
    for ours, theirs in zip(vars(back).values(), vars(questions).values(), strict=True):
        assert torch.equal(ours, theirs)


@given(triples_and_sides(), st.booleans(), st.integers(1, 9))
@settings(deadline=None)
def test_batches_go_through_all_questions_in_order(drawn, group, size):
    triples, sides = drawn
    questions = ask(triples, sides, group)
    entity, answers, triples, sizes, owner = [], [], [], [], []
    for batch in questions.batches(size):
        owner += [place + sum(sizes) for place in batch.rows.tolist()]
        sizes.append(len(batch))
        entity += batch.queries.entity.tolist()
        answers += batch.answers.tolist()
        triples += batch.triples.tolist()
    assert owner == questions.rows.tolist()
    assert triples == questions.triples.tolist()
    assert entity == questions.entity.tolist()
    assert answers == questions.answers.tolist()
    assert len(sizes) == -(-len(questions) // size)
    assert max(sizes, default=0) <= size
    assert max(sizes, default=0) - min(sizes, default=0) <= 1


@pytest.mark.parametrize("group", [True, False])
def test_no_triples(group):
    questions = ask(np.zeros((0, 3), dtype=np.int64), group=group)
    assert len(questions) == 0
    assert questions.start.tolist() == [0]
    assert list(questions.batches(4)) == []
    assert len(questions.reordered(torch.zeros(0, dtype=torch.long))) == 0
