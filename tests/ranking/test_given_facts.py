"""Facts judged from both sides, against the definitions, and the relations of a pair."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from brute_force import random_table, rivals_of, table_scores

from mygo_cli.errors import MygoError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.ranking.given_facts import judge_facts
from mygo_cli.ranking.relations import Pair, predict_relations

ENTITIES, RELATIONS = 6, 3


@pytest.fixture
def graph():
    random = np.random.default_rng(1)
    facts = np.unique(random.integers(0, (ENTITIES, RELATIONS, ENTITIES), (25, 3)), axis=0)
    facts = facts[(facts[:, 0] != facts[:, 2]) | (facts[:, 1] == 2)]  # only relation 2 has loops
    facts = np.concatenate([facts, [(1, 2, 1)]])
    names = tuple("abcdef")
    return KnowledgeGraph(
        name="random",
        folder=Path("random"),
        entities=names,
        relations=("r0", "r1", "r2"),
        names=names,
        kinds=("",) * ENTITIES,
        train=np.unique(facts, axis=0),
        valid=facts[:0],
        test=facts[:0],
    )


@pytest.fixture
def table():
    return random_table(ENTITIES, RELATIONS, 5, np.random.default_rng(2))


def everything():
    places = np.indices((ENTITIES, RELATIONS, ENTITIES))
    return places.reshape(3, -1).T


def test_every_fact_by_its_definition(graph, table):
    known = set(map(tuple, graph.train.tolist()))
    triples = everything()
    judged = judge_facts(table_scores(table), graph, triples, 7)
    for side, asks_head in ((judged.tail, False), (judged.head, True)):
        for row, (head, relation, tail) in enumerate(triples.tolist()):
            given, answer = (tail, head) if asks_head else (head, tail)
            scores = table[int(asks_head), relation, given].double()
            better, ties = rivals_of(table, (head, relation, tail), asks_head, known)
            assert side.rank[row] == 1 + better + ties / 2
            assert side.score[row] == scores[answer]
            shown = [e for e in range(ENTITIES) if e != given or relation == 2 or e == answer]
            share = scores[answer].exp() / scores[shown].exp().sum()
            assert side.probability[row].item() == pytest.approx(share.item())
            answers = sum(
                fact[1] == relation and fact[2 if asks_head else 0] == given for fact in known
            )
            expected = share * max(1, answers)
            assert side.log_plausibility[row].exp().item() == pytest.approx(expected.item())


def test_blocks_change_nothing_and_are_reported(graph, table):
    told = []
    triples = everything()
    one = judge_facts(table_scores(table), graph, triples, 1000)
    many = judge_facts(table_scores(table), graph, triples, 50, lambda *step: told.append(step))
    torch.testing.assert_close(one, many, rtol=0, atol=0)
    assert [done for _, done, _ in told] == [50, 100, 108, 158, 208, 216]
    assert {total for _, _, total in told} == {216}


def test_no_facts(graph, table):
    judged = judge_facts(table_scores(table), graph, everything()[:0], 8)
    assert judged.log_plausibility.shape == (0,)


def test_scores_that_are_no_numbers(graph, table):
    table[1, 0, 0, 0] = torch.nan
    with pytest.raises(MygoError, match="not finite"):
        judge_facts(table_scores(table), graph, everything(), 8)


def test_relations_that_are_equally_plausible_stand_in_the_order_of_the_graph(graph):
    flat = table_scores(torch.zeros(2, RELATIONS, ENTITIES, ENTITIES))
    empty = replace(graph, train=graph.train[:0])
    found = predict_relations(flat, empty, Pair(0, 3), 2, 8)
    assert [(each.rank, each.relation, each.known) for each in found] == [
        (1, 0, None),
        (2, 1, None),
    ]
    assert found[0].tail_probability == pytest.approx(1 / (ENTITIES - 1))
