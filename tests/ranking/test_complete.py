"""The best unknown facts are exactly those that going through all of them one by one finds."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from brute_force import random_table, table_scores
from hypothesis import given, settings
from hypothesis import strategies as st

from mygo_cli.completion import search as module
from mygo_cli.completion.questions import all_questions, seen_questions
from mygo_cli.completion.search import Facts, Rules, TopFacts, believe, complete
from mygo_cli.device import Portion
from mygo_cli.errors import MygoError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.model.queries import Queries
from mygo_cli.ranking.answers import Question, predict
from mygo_cli.ranking.filtering import find_known, loop_relations
from mygo_cli.ranking.scorer import block_size


def triples(*rows):
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def graph_of(entities, relations, *splits):
    names = tuple(f"e{number}" for number in range(entities))
    kinds = tuple(f"r{number}" for number in range(relations))
    parts = [triples(*part) for part in splits]
    return KnowledgeGraph("some", Path(), names, kinds, names, ("",) * entities, *parts)


def found_by(score, graph, queries, limit, size=512):
    """Return (head, relation, tail, asked for the head, log-plausibility) of the best facts."""
    top = TopFacts(limit)
    done = list(complete(score, graph, queries, top, Portion(size, "questions")))
    assert done[-1:] == [len(queries.entity)][: len(done)]
    best = top.best()
    columns = (best.key, best.asked_head, best.log_plausibility)
    return [
        (*unkeyed(key, graph), side, value)
        for key, side, value in zip(*(column.tolist() for column in columns), strict=True)
    ]


def test_unlinked_facts_join_what_no_fact_joins():
    random = np.random.default_rng(3)
    facts = np.unique(random.integers(0, (9, 3, 9), (20, 3)), axis=0)
    graph = graph_of(9, 3, facts, [], [])
    table = random_table(9, 3, 50, random)
    queries = seen_questions(graph)
    joined = {frozenset((head, tail)) for head, _, tail in facts.tolist()}
    usual, top = TopFacts(1000), TopFacts(1000)
    for found, rules in ((usual, Rules()), (top, Rules(unlinked=True))):
        score, portion = table_scores(table), Portion(4, "questions")
        list(complete(score, graph, queries, found, portion, rules=rules))
    kept = [frozenset(unkeyed(key, graph)[::2]) not in joined for key in usual.best().key.tolist()]
    assert 0 < sum(kept) < len(kept)
    for ours, all_of_them in zip(top.best(), usual.best(), strict=True):
        np.testing.assert_array_equal(ours, all_of_them[kept])


def unkeyed(key, graph):
    pair, tail = divmod(key, len(graph.entities))
    return (*divmod(pair, len(graph.relations)), tail)


def every_offer(table, graph, queries):
    """Return plausibilities by fact and side as the definition says it, one answer at a time."""
    known = set(map(tuple, graph.all_triples().tolist()))
    loops = {relation for head, relation, tail in known if head == tail}
    offers = {}
    for entity, relation, head_asked in zip(*(part.tolist() for part in queries), strict=True):
        scores = table[int(head_asked), relation, entity].tolist()
        answers = {
            other: (other, relation, entity) if head_asked else (entity, relation, other)
            for other in range(len(scores))
            if other != entity or relation in loops
        }
        total = sum(math.exp(scores[other]) for other in answers)
        count = sum(fact in known for fact in answers.values())
        for other, fact in answers.items():
            if fact not in known:
                offers[(*fact, head_asked)] = math.exp(scores[other]) / total * max(1, count)
    return offers


def beliefs_of_all(table, graph, queries):
    """Return log-plausibilities by fact and side, from all scores in one piece."""
    facts = graph.all_triples()
    known = find_known(queries, facts)
    loops = loop_relations(facts, len(graph.relations))
    beliefs = believe(table_scores(table)(queries), queries, loops, known)
    plausibility = beliefs.log_probability() + beliefs.known
    offers = {}
    for row, entity, relation, head_asked in zip(
        plausibility.tolist(), *(part.tolist() for part in queries), strict=True
    ):
        for other, value in enumerate(row):
            fact = (other, relation, entity) if head_asked else (entity, relation, other)
            if value > -math.inf:
                offers[(*fact, head_asked)] = value
    return offers


def best_of(offers, limit):
    """Return the best facts, each once, as (head, relation, tail, side, value): by sorting all."""
    best = {}
    for (*fact, side), value in sorted(offers.items(), key=lambda offer: (-offer[1], offer[0][3])):
        best.setdefault(tuple(fact), (side, value))
    ordered = sorted(best.items(), key=lambda item: (-item[1][1], item[0]))
    return [(*fact, side, value) for fact, (side, value) in ordered[:limit]]


@st.composite
def worlds(draw):
    """Draw a graph with facts in several splits, and scores with many ties."""
    entities, relations = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    entity, relation = st.integers(0, entities - 1), st.integers(0, relations - 1)
    facts = st.sets(st.tuples(entity, relation, entity), max_size=9).map(sorted)
    graph = graph_of(entities, relations, draw(facts), draw(facts), draw(facts), draw(facts))
    random = np.random.default_rng(draw(st.integers(0, 9999)))
    return random_table(entities, relations, draw(st.integers(1, 4)), random), graph


@given(worlds(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_plausibility_is_what_it_is_said_to_be(world, seen):
    table, graph = world
    queries = seen_questions(graph) if seen else all_questions(graph)
    found = beliefs_of_all(table, graph, queries)
    expected = every_offer(table, graph, queries)
    assert found.keys() == expected.keys()
    for offer, value in found.items():
        assert math.exp(value) == pytest.approx(expected[offer], rel=1e-6)  # sums in float32


@given(
    worlds(),
    st.integers(1, 40),
    st.integers(1, 20),
    st.booleans(),
    st.sampled_from([1, 13, 50, 999]),
)
@settings(max_examples=150, deadline=None)
def test_exactly_the_best_of_all(world, limit, size, seen, entries):
    table, graph = world
    queries = seen_questions(graph) if seen else all_questions(graph)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ENTRIES_AT_ONCE", entries)
        found = found_by(table_scores(table), graph, queries, limit, size)
    assert found == best_of(beliefs_of_all(table, graph, queries), limit)


def test_by_hand():
    """(0, 0, ?) has the answers 1 and 2, so the shares of 3 and 4 count twice."""
    graph = graph_of(5, 1, [(0, 0, 1)], [(0, 0, 2)])
    table = torch.zeros(2, 1, 5, 5)
    table[0, 0, 0] = torch.tensor([9.0, 2.0, 2.0, 1.0, 0.0])
    queries = seen_questions(graph, side="tail")
    found = found_by(table_scores(table), graph, queries, 9)
    total = math.e + 1 + 2 * math.e**2
    assert [fact[:4] for fact in found] == [(0, 0, 3, False), (0, 0, 4, False)]
    values = [math.exp(fact[4]) for fact in found]
    assert values == pytest.approx([2 * math.e / total, 2 / total])


def test_a_fact_found_from_both_sides_appears_once_as_the_better():
    graph = graph_of(4, 1, [(0, 0, 1), (2, 0, 3)])
    table = torch.zeros(2, 1, 4, 4)
    table[0, 0, 0, 3], table[1, 0, 3, 0] = 1.0, 5.0  # (0, 0, 3) from its head and its tail
    found = found_by(table_scores(table), graph, seen_questions(graph), 99)
    assert [fact[:3] for fact in found].count((0, 0, 3)) == 1
    assert found[0][:4] == (0, 0, 3, True)
    table[0, 0, 0, 3] = 5.0
    assert found_by(table_scores(table), graph, seen_questions(graph), 1)[0][3] is False


def test_of_equal_sides_the_tail_counts_whichever_came_first():
    def offer(asked_head):
        return Facts(*(np.array([value]) for value in (7, -1.0, -2.0, 0.5, asked_head)))

    for sides in ([False, True], [True, False]):
        top = TopFacts(3)
        for side in sides:
            top.offer(offer(side))
        assert top.best().asked_head.tolist() == [False]


def test_equals_stand_in_the_order_of_the_graph():
    graph = graph_of(6, 2, [(0, 0, 1), (2, 1, 3), (4, 0, 5)])
    flat = table_scores(torch.zeros(2, 2, 6, 6))
    everything = found_by(flat, graph, seen_questions(graph), 999)
    assert len({value for *_, value in everything}) == 1
    facts = [fact[:3] for fact in everything]
    assert facts == sorted(facts)
    for limit in (1, 4, 7):
        assert found_by(flat, graph, seen_questions(graph), limit, 2) == everything[:limit]


def test_probability_and_score_are_those_of_rank():
    random = np.random.default_rng(3)
    rows = np.unique(random.integers(0, (9, 2, 9), (40, 3)), axis=0)
    graph = graph_of(9, 2, rows[::3], rows[1::3], rows[2::3])
    score = table_scores(random_table(9, 2, 30, random))
    queries = seen_questions(graph)
    top = TopFacts(20)
    list(complete(score, graph, queries, top, Portion(7, "questions")))
    best = top.best()
    for key, probability, value, asked_head in zip(
        best.key.tolist(), best.log_probability, best.score, best.asked_head, strict=True
    ):
        head, relation, tail = unkeyed(key, graph)
        asked = Question(None, relation, tail) if asked_head else Question(head, relation, None)
        (answers,) = predict(score, graph, [asked], 9)
        (answer,) = (a for a in answers if a.entity == (head if asked_head else tail))
        assert answer.known is None
        assert answer.score == value
        assert answer.probability == pytest.approx(math.exp(probability), rel=1e-6)


def test_nothing_is_left_to_find():
    graph = graph_of(2, 1, [(0, 0, 0), (0, 0, 1), (1, 0, 0), (1, 0, 1)])
    score = table_scores(torch.zeros(2, 1, 2, 2))
    assert found_by(score, graph, seen_questions(graph), 5) == []
    alone, score = graph_of(1, 1, []), table_scores(torch.zeros(2, 1, 1, 1))
    assert found_by(score, alone, all_questions(alone), 5) == []


def test_many_equals_do_not_pile_up():
    """What is kept between blocks stays near the limit, though every answer is as good."""
    graph = graph_of(300, 1, [(number, 0, (number + 1) % 300) for number in range(300)])
    top, sizes = TopFacts(10), []
    flat = torch.zeros(1, 300)
    steps = complete(
        lambda queries: flat.expand(len(queries.entity), -1),
        graph,
        seen_questions(graph),
        top,
        Portion(50, "questions"),
    )
    sizes.extend(len(top.best().key) for _ in steps)
    assert set(sizes) == {10}
    assert [unkeyed(key, graph) for key in top.best().key.tolist()] == [
        (0, 0, tail) for tail in range(2, 12)
    ]


def test_few_offers_are_looked_at_once_the_list_is_full():
    random = torch.Generator().manual_seed(0)
    top, offered = TopFacts(20), []
    for block in range(50):
        values = torch.rand(40, 100, generator=random, dtype=torch.float64)
        rows, columns = top.promising(values)
        offered.append(len(rows))
        key = (block * 4000 + rows * 100 + columns).numpy()
        value = values[rows, columns].numpy()
        zeros = np.zeros(len(key))
        top.offer(Facts(key, value, zeros, zeros.astype("f4"), zeros.astype(bool)))
    assert offered[0] == 20
    assert sum(offered[25:]) < 50


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_score_that_is_no_number_raises(value):
    table = torch.zeros(2, 1, 3, 3)
    table[1, 0, 1, 2] = value
    graph = graph_of(3, 1, [(0, 0, 1)])
    with pytest.raises(MygoError, match="not finite numbers"):
        found_by(table_scores(table), graph, seen_questions(graph), 3)


def test_memory_that_does_not_hold_a_block(capsys):
    graph = graph_of(8, 1, [(number, 0, (number + 1) % 8) for number in range(8)])
    table = random_table(8, 1, 50, np.random.default_rng(0))
    sizes = []

    def score(queries):
        if len(queries.entity) > 3:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        sizes.append(len(queries.entity))
        return table_scores(table)(queries)

    found = found_by(score, graph, seen_questions(graph), 9, size=5)
    assert sizes == [3, 3, 2, 3, 3, 2]
    assert capsys.readouterr().err == "Out of memory: going on with 3 questions at once.\n"
    assert found == found_by(table_scores(table), graph, seen_questions(graph), 9)
    with pytest.raises(RuntimeError, match="out of memory"):
        found_by(score, graph, seen_questions(graph), 9, size=8)


def test_blocks_of_many_entities_are_small():
    assert block_size(12_842) == 512
    assert block_size(1_000_000) == 67
    assert 4 * 1_000_000 * block_size(1_000_000) <= 1 << 28
    assert block_size(10**9) == 1


# Which questions


def asked(queries: Queries):
    return list(zip(*(part.tolist() for part in queries), strict=True))


def test_questions_that_the_graph_answers():
    graph = graph_of(5, 2, [(0, 0, 1), (0, 0, 2)], [(3, 1, 0)], [(0, 0, 3)])
    assert asked(seen_questions(graph)) == [
        *((0, 0, False), (3, 1, False)),
        *((1, 0, True), (2, 0, True), (3, 0, True), (0, 1, True)),
    ]
    assert asked(seen_questions(graph, relation=1)) == [(3, 1, False), (0, 1, True)]
    assert asked(seen_questions(graph, entity=3)) == [(3, 1, False), (3, 0, True)]
    assert asked(seen_questions(graph, entity=3, side="head")) == [(3, 0, True)]
    assert asked(seen_questions(graph, relation=0, side="tail")) == [(0, 0, False)]
    assert asked(seen_questions(graph, entity=4)) == []


def test_all_questions():
    graph = graph_of(3, 2, [(0, 0, 1)])
    everything = asked(all_questions(graph))
    assert len(everything) == len(set(everything)) == 12
    assert [side for _, _, side in everything] == [False] * 6 + [True] * 6
    assert set(asked(seen_questions(graph))) <= set(everything)
    assert asked(all_questions(graph, entity=2)) == [
        *((2, 0, False), (2, 1, False)),
        *((2, 0, True), (2, 1, True)),
    ]
    assert asked(all_questions(graph, relation=1, side="head")) == [
        *((0, 1, True), (1, 1, True), (2, 1, True)),
    ]
