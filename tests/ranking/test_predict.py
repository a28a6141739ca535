"""The best answers to a question, with what is known marked or hidden."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from brute_force import random_table, table_scores

from mygo_cli.errors import MygoError, UsageError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.ranking.answers import Question, find_question, predict

ENTITIES = ("kenya", "japan", "peru", "iceland", "fiji")


def triples(*rows):
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


@pytest.fixture
def graph():
    return KnowledgeGraph(
        name="five",
        folder=Path("five"),
        entities=ENTITIES,
        relations=("likes", "knows"),
        names=("Kenya", "Japan", "Peru", "Iceland", "Fiji"),
        kinds=("",) * 5,
        train=triples((0, 0, 1), (3, 0, 1)),
        valid=triples((0, 0, 2)),
        test=triples((0, 0, 3), (0, 1, 4)),
        other=triples((4, 0, 1)),
    )


@pytest.fixture
def table():
    table = torch.zeros(2, 2, 5, 5)
    table[0, 0, 0] = torch.tensor([1.0, 5.0, 3.0, 3.0, 4.0])  # (kenya, likes, ?)
    table[1, 0, 1] = torch.tensor([2.0, 0.0, 6.0, 1.0, 1.0])  # (?, likes, japan)
    table[0, 1, 0] = torch.tensor([9.0, 0.0, 0.0, 1.0, 4.0])  # (kenya, knows, ?)
    return table


def shown(found):
    return [(answer.rank, ENTITIES[answer.entity], answer.known) for answer in found]


def test_known_answers_are_marked_with_their_split(graph, table):
    (found,) = predict(table_scores(table), graph, [Question(0, 0, None)], 10)
    assert shown(found) == [
        (1, "japan", "train"),
        (2, "fiji", None),
        (3, "peru", "valid"),  # as plausible as iceland, and before it in the graph
        (4, "iceland", "test"),
    ]
    scores = torch.tensor([5.0, 4.0, 3.0, 3.0], dtype=torch.float64)
    assert [answer.score for answer in found] == scores.tolist()
    assert [answer.probability for answer in found] == pytest.approx(scores.softmax(0).tolist())


def test_hidden_answers_take_no_rank_and_no_probability(graph, table):
    (found,) = predict(table_scores(table), graph, [Question(0, 1, None)], 10, hide_known=True)
    assert shown(found) == [(1, "iceland", None), (2, "japan", None), (3, "peru", None)]
    assert sum(answer.probability for answer in found) == pytest.approx(1)
    assert found[0].probability == pytest.approx(math.e / (math.e + 2))


def test_heads(graph, table):
    (found,) = predict(table_scores(table), graph, [Question(None, 0, 1)], 3)
    assert shown(found) == [(1, "peru", None), (2, "kenya", "train"), (3, "iceland", "train")]
    (hidden,) = predict(table_scores(table), graph, [Question(None, 0, 1)], 9, hide_known=True)
    assert shown(hidden) == [(1, "peru", None)]


def test_a_fact_of_a_set_aside_split_is_known(graph, table):
    (found,) = predict(table_scores(table), graph, [Question(None, 0, 1)], 5)
    assert shown(found)[3] == (4, "fiji", "other")


def test_a_fact_of_two_splits_belongs_to_the_first(graph, table):
    twice = dataclasses.replace(graph, valid=triples((0, 0, 1), (0, 0, 3)), other=graph.train)
    (found,) = predict(table_scores(table), twice, [Question(0, 0, None)], 4)
    assert {name: split for _, name, split in shown(found) if split} == {
        "japan": "train",
        "iceland": "valid",
    }


@pytest.mark.parametrize("hide_known", [True, False])
def test_the_asked_entity_answers_only_where_facts_can_be_loops(graph, table, hide_known):
    question = Question(0, 1, None)
    (found,) = predict(table_scores(table), graph, [question], 9, hide_known)
    assert "kenya" not in [name for _, name, _ in shown(found)]
    loops = dataclasses.replace(graph, other=triples((2, 1, 2)))
    (found,) = predict(table_scores(table), loops, [question], 9, hide_known)
    assert shown(found)[0] == (1, "kenya", None)
    own = dataclasses.replace(graph, other=triples((0, 1, 0)))
    (found,) = predict(table_scores(table), own, [question], 9, hide_known)
    assert ((1, "kenya", "other") in shown(found)) is not hide_known


def test_equal_scores_in_entity_order(graph):
    (found,) = predict(table_scores(torch.zeros(2, 2, 5, 5)), graph, [Question(1, 1, None)], 5)
    assert [answer.entity for answer in found] == [0, 2, 3, 4]
    assert [answer.probability for answer in found] == pytest.approx([0.25] * 4)
    names = tuple(f"e{number}" for number in range(5000))
    many = KnowledgeGraph("many", Path(), names, ("r",), names, ("",) * 5000, triples((0, 0, 1)))
    (found,) = predict(lambda queries: torch.zeros(1, 5000), many, [Question(1, 0, None)], 99)
    assert [answer.entity for answer in found] == [0, *range(2, 100)]


def test_everything_known_leaves_nothing():
    graph = KnowledgeGraph(
        "two", Path(), ("a", "b"), ("r",), ("a", "b"), ("", ""), triples((0, 0, 0), (0, 0, 1))
    )
    score = table_scores(torch.zeros(2, 1, 2, 2))
    assert predict(score, graph, [Question(0, 0, None)], 5, hide_known=True) == [[]]
    assert predict(score, graph, [], 5) == []


def test_many_questions_at_once_as_one_by_one(graph):
    table = random_table(5, 2, 9, np.random.default_rng(0))
    questions = [
        Question(entity, relation, None) if tails else Question(None, relation, entity)
        for entity in range(5)
        for relation in range(2)
        for tails in (True, False)
    ] * 15  # 300: more than are scored at once
    together = predict(table_scores(table), graph, questions, 4, hide_known=True)
    alone = [
        predict(table_scores(table), graph, [question], 4, hide_known=True)[0]
        for question in questions[:20]
    ]
    assert together[:20] == alone
    assert together == alone * 15


def test_not_a_number_has_no_place(graph, table):
    table[0, 0, 0, 3] = math.nan
    with pytest.raises(MygoError, match="not finite numbers"):
        predict(table_scores(table), graph, [Question(0, 0, None)], 1)


def test_find_question(graph):
    assert find_question(graph, "Kenya", "likes", None) == Question(0, 0, None)
    assert find_question(graph, None, "KNOWS", "fiji") == Question(None, 1, 4)


@pytest.mark.parametrize("sides", [(None, None), ("kenya", "fiji")])
def test_one_side_must_be_missing(graph, sides):
    with pytest.raises(UsageError, match="Give two of head, relation and tail"):
        find_question(graph, sides[0], "likes", sides[1])


def test_unknown_names_bring_suggestions(graph):
    with pytest.raises(UsageError, match=r"No entity Kenia in five\. Did you mean kenya"):
        find_question(graph, "Kenia", "likes", None)
    with pytest.raises(UsageError, match=r"No relation like in five\. Did you mean likes"):
        find_question(graph, "kenya", "like", None)


def test_another_answer_takes_the_last_place(graph, table):
    score, question = table_scores(table), [Question(0, 0, None)]
    (found,) = predict(score, graph, question, 2, also=3)
    assert shown(found) == [(1, "japan", "train"), (4, "iceland", "test")]  # behind its equal
    (every,) = predict(score, graph, question, 10)
    assert found == [every[0], every[3]]
    for among in (1, 4):
        assert predict(score, graph, question, 2, also=among) == predict(score, graph, question, 2)


def test_who_may_not_answer_takes_no_place(graph, table):
    score, question = table_scores(table), [Question(0, 0, None)]
    assert predict(score, graph, question, 2, also=0) == predict(score, graph, question, 2)
