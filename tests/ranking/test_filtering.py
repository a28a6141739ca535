"""Each question brings every answer that is known, and no other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mygo_cli.model.queries import ask
from mygo_cli.ranking.filtering import find_known

NO_TRIPLES = np.zeros((0, 3), dtype=np.int64)


@st.composite
def distinct_triples(draw):
    row = st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 4))
    return np.array(sorted(draw(st.sets(row, max_size=20))), dtype=np.int64).reshape(-1, 3)


def asked(triples, known):
    """Return the questions of triples and what is known of them."""
    questions = ask(triples)
    return questions, find_known(questions.queries, known)


def known_by_question(questions, known):
    """Return the known answers of each question, asked for one by one."""
    found = {}
    for place in range(len(questions)):
        start, answers = known.part(slice(place, place + 1))
        assert start.tolist() == [0, len(answers)]
        question = questions.queries.at(slice(place, place + 1))
        found[tuple(int(part) for part in question)] = sorted(answers.tolist())
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
    questions, found = asked(triples, known)
    assert known_by_question(questions, found) == by_definition(triples, known)
    assert len(found.start) == len(questions) + 1
    assert int(found.start[-1]) == len(found.answers)


@given(distinct_triples(), st.integers(0, 20), st.integers(1, 20))
@settings(deadline=None)
def test_a_range_of_questions_holds_theirs_in_order(triples, first, size):
    questions, found = asked(triples, triples)
    rows = slice(min(first, len(questions)), min(first + size, len(questions)))
    start, known = found.part(rows)
    alone = [found.part(slice(row, row + 1)).answers for row in range(rows.start, rows.stop)]
    assert start.diff().tolist() == [len(part) for part in alone]
    assert known.tolist() == [answer for part in alone for answer in part.tolist()]


@pytest.mark.parametrize("known", [NO_TRIPLES, np.array([[7, 9, 8]])])
def test_nothing_known_of_what_is_asked(known):
    questions, found = asked(np.array([[0, 0, 1], [0, 0, 2]]), known)
    assert found.start.tolist() == [0] * (len(questions) + 1)
    assert len(found.answers) == 0
