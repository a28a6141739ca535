"""Filtered ranking of a split agrees with its definition, whatever the batches."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from brute_force import as_dict, random_table, rivals_of, table_scores
from hypothesis import given, settings
from hypothesis import strategies as st

from mygo_cli.errors import MygoError
from mygo_cli.ranking import ranks
from mygo_cli.ranking.evaluate import evaluate

NO_TRIPLES = np.zeros((0, 3), dtype=np.int64)


def as_triples(rows):
    return np.array(sorted(rows), dtype=np.int64).reshape(-1, 3)


@st.composite
def worlds(draw):
    """Draw scores with many ties, triples to rank and triples that are known."""
    entities, relations = draw(st.integers(1, 7)), draw(st.integers(1, 3))
    entity, relation = st.integers(0, entities - 1), st.integers(0, relations - 1)
    triples = st.sets(st.tuples(entity, relation, entity), max_size=12)
    asked, others = draw(triples), draw(triples)
    known = others | asked if draw(st.booleans()) else others - asked
    random = np.random.default_rng(draw(st.integers(0, 9999)))
    table = random_table(entities, relations, draw(st.integers(1, 4)), random)
    return table, as_triples(asked), as_triples(known)


@given(worlds(), st.integers(1, 9))
@settings(max_examples=150, deadline=None)
def test_agrees_with_the_definition(world, batch_size):
    table, triples, known = world
    rivals = evaluate(table_scores(table), triples, known, batch_size)
    facts = set(map(tuple, known.tolist()))
    expected = {
        (number, side): rivals_of(table, tuple(triple), side, facts)
        for number, triple in enumerate(triples.tolist())
        for side in (False, True)
    }
    assert as_dict(rivals) == expected
    answer = np.where(rivals.predict_head, *triples[rivals.triple].T[[0, 2]])
    assert rivals.answer.tolist() == answer.tolist()
    known_side = np.where(rivals.predict_head, *triples[rivals.triple].T[[2, 0]])
    sides, relations = rivals.predict_head.long(), triples[rivals.triple, 1]
    assert rivals.score.tolist() == table[sides, relations, known_side, answer].tolist()


def sample_world(seed=0):
    random = np.random.default_rng(seed)
    triples = np.unique(random.integers(0, (30, 3, 30), (150, 3)), axis=0)
    return random_table(30, 3, 6, random), triples[::3], triples


def test_batch_size_and_blocks_change_nothing(monkeypatch):
    table, triples, known = sample_world()
    expected = as_dict(evaluate(table_scores(table), triples, known))
    for batch_size in (1, 7, 64, 1000):
        found = evaluate(table_scores(table), triples, known, batch_size)
        assert as_dict(found) == expected
    for size in (30 * 4 * 3, 1):  # three answers, and one
        monkeypatch.setattr(ranks, "BLOCK_BYTES", size)
        assert as_dict(evaluate(table_scores(table), triples, known, 16)) == expected


def test_filtering_takes_out_known_answers_only():
    # Tails of (0, 0, ?): 1 and 2 are known and score better than the truth 3; 4 is a real rival.
    table = torch.zeros(2, 1, 5, 5)
    table[0, 0, 0] = torch.tensor([0.0, 9.0, 8.0, 5.0, 7.0])
    triples, known = as_triples([(0, 0, 3)]), as_triples([(0, 0, 1), (0, 0, 2), (0, 0, 3)])
    assert as_dict(evaluate(table_scores(table), triples, known))[0, False] == (1, 0)
    assert as_dict(evaluate(table_scores(table), triples, NO_TRIPLES))[0, False] == (3, 0)


def test_a_known_answer_of_the_other_side_is_a_rival():
    table = torch.zeros(2, 1, 3, 3)
    triples, known = as_triples([(0, 0, 1)]), as_triples([(1, 0, 0), (0, 0, 1)])
    assert as_dict(evaluate(table_scores(table), triples, known)) == {
        (0, False): (0, 2),
        (0, True): (0, 2),
    }


def test_questions_are_counted_and_scored_once():
    triples = as_triples([(0, 0, 1), (0, 0, 2), (3, 0, 1)])  # two tail questions, two head ones
    table, asked, done = torch.zeros(2, 1, 4, 4), [], []

    def score(queries):
        asked.extend(zip(*(part.tolist() for part in queries), strict=True))
        return table_scores(table)(queries)

    evaluate(score, triples, triples, batch_size=3, progress=lambda *told: done.append(told))
    assert sorted(asked) == [(0, 0, False), (1, 0, True), (2, 0, True), (3, 0, False)]
    assert done == [("rank", 3, 4), ("rank", 4, 4)]


def test_an_empty_split():
    def never(queries):
        raise AssertionError("nothing is asked")

    rivals = evaluate(never, NO_TRIPLES, as_triples([(0, 0, 1)]))
    for part in (rivals.triple, rivals.predict_head, rivals.answer, rivals.better, rivals.ties):
        assert len(part) == 0


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_score_that_is_no_number_raises(value):
    table = torch.zeros(2, 1, 3, 3)
    table[1, 0, 2, 0] = value
    with pytest.raises(MygoError, match="not finite numbers"):
        evaluate(table_scores(table), as_triples([(0, 0, 1), (1, 0, 2)]), NO_TRIPLES)


def test_half_as_many_at_once_where_memory_runs_out(capsys):
    table, triples, known = sample_world()
    score, asked = table_scores(table), []

    def narrow(queries):
        asked.append(len(queries.entity))
        if asked[-1] > 5:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return score(queries)

    assert as_dict(evaluate(narrow, triples, known, 9)) == as_dict(evaluate(score, triples, known))
    assert (asked[0], max(asked[1:])) == (9, 5)
    assert capsys.readouterr().err.count("going on with 5 questions at once") == 1
