"""Each question brings every answer that is known, and no other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mygo_cli.ranking.filtering import filter_questions

NO_TRIPLES = np.zeros((0, 3), dtype=np.int64)


@st.composite
def distinct_triples(draw):
    row = st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 4))
    return np.array(sorted(draw(st.sets(row, max_size=20))), dtype=np.int64).reshape(-1, 3)


def known_by_question(filtered):
    """Return the known answers of each question, asked for one by one."""
    found = {}
    for place in range(len(filtered.questions)):
        start, known = filtered.known_of(slice(place, place + 1))
        assert start.tolist() == [0, len(known)]
        question = filtered.questions.queries(slice(place, place + 1))
        found[tuple(int(part) for part in question)] = sorted(known.tolist())
    return found


def by_definition(triples, known):
    """Return the same, one known triple after the other."""
    found = {}
    for head, relation, tail in triples.tolist():
        facts = [fact for fact in known.tolist() if fact[1] == relation]
        found[head, relation, 0] = sorted(t for h, _, t in facts if h == head)
        found[tail, relation, 1] = sorted(h for h, _, t in facts if t == tail)
    return found


@given(distinct_triples(), distinct_triples())
@settings(deadline=None)
def test_agrees_with_the_definition(triples, known):
    filtered = filter_questions(triples, known)
    assert known_by_question(filtered) == by_definition(triples, known)
    assert len(filtered.known_start) == len(filtered.questions) + 1
    assert int(filtered.known_start[-1]) == len(filtered.known)


@given(distinct_triples(), st.integers(0, 20), st.integers(1, 20))
@settings(deadline=None)
def test_a_range_of_questions_holds_theirs_in_order(triples, first, size):
    filtered = filter_questions(triples, triples)
    rows = slice(min(first, len(filtered.questions)), min(first + size, len(filtered.questions)))
    start, known = filtered.known_of(rows)
    alone = [filtered.known_of(slice(row, row + 1))[1] for row in range(rows.start, rows.stop)]
    assert start.diff().tolist() == [len(part) for part in alone]
    assert known.tolist() == [answer for part in alone for answer in part.tolist()]


@pytest.mark.parametrize("known", [NO_TRIPLES, np.array([[7, 9, 8]])])
def test_nothing_known_of_what_is_asked(known):
    filtered = filter_questions(np.array([[0, 0, 1], [0, 0, 2]]), known)
    assert filtered.known_start.tolist() == [0] * (len(filtered.questions) + 1)
    assert len(filtered.known) == 0
