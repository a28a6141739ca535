"""The groups of a report, against ranks worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from brute_force import random_table, table_scores

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.ranking.evaluate import Rivals, evaluate
from mygo_cli.ranking.ranks import metrics, ranks
from mygo_cli.ranking.report import relation_sides, report

ENTITIES = ("a", "b", "c", "d", "e", "f")
# capital is 1-1; member gives each head three tails; mother gives each tail three heads.
TRAIN = [(0, 0, 1), (2, 0, 3), (0, 1, 1), (0, 1, 2), (0, 1, 3), (1, 2, 0), (2, 2, 0), (3, 2, 0)]


@pytest.fixture
def graph():
    return KnowledgeGraph(
        name="six",
        folder=Path("six"),
        entities=ENTITIES,
        relations=("capital", "member", "mother"),
        names=ENTITIES,
        kinds=("",) * 6,
        train=np.array(TRAIN, dtype=np.int64),
        test=np.array([(4, 0, 5), (4, 1, 5), (5, 1, 4)], dtype=np.int64),
    )


@pytest.fixture
def rivals(graph):
    """Six answers: each test triple from both sides, with 0 to 5 better rivals and one tie."""
    return Rivals(
        triple=torch.tensor([0, 1, 2, 0, 1, 2]),
        predict_head=torch.tensor([False, False, False, True, True, True]),
        answer=torch.tensor([5, 5, 4, 4, 4, 5]),
        score=torch.zeros(6),
        better=torch.tensor([0, 1, 2, 3, 4, 5]),
        ties=torch.tensor([0, 0, 0, 1, 1, 2]),
    )


def mean_ranks(group):
    return {name: values.mean_rank for name, values in group.items()}


def test_each_relation_and_side(graph, rivals):
    found = relation_sides(rivals, graph.test, graph)
    assert {key: values.mean_rank for key, values in found.items()} == {
        ("capital", "tail"): 1,
        ("member", "tail"): pytest.approx(2.5),
        ("capital", "head"): pytest.approx(4.5),
        ("member", "head"): pytest.approx(6.25),
    }


def test_groups(graph, rivals):
    has_image = torch.tensor([False, False, False, False, True, False])
    has_text = torch.tensor([False, False, False, False, True, True])
    found = report(rivals, graph.test, graph, has_image, has_text)
    assert found is not None
    # realistic ranks: 1, 2, 3, 4.5, 5.5, 7
    assert found.overall.count == 6
    assert found.overall.mean_rank == pytest.approx(23 / 6)
    assert found.overall.mrr == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4.5 + 1 / 5.5 + 1 / 7) / 6)
    assert mean_ranks(found.sides) == pytest.approx({"tail": 2, "head": 17 / 3})
    assert mean_ranks(found.relations) == pytest.approx({"capital": 2.75, "member": 17.5 / 4})
    assert mean_ranks(found.classes) == pytest.approx({"1-1": 2.75, "1-N": 17.5 / 4})
    # entity e (4) has both modalities, f (5) only a text
    assert mean_ranks(found.coverage) == pytest.approx(
        {"text only": (1 + 2 + 7) / 3, "image and text": (3 + 4.5 + 5.5) / 3}
    )
    assert found.coverage["text only"].count == 3
    assert found.sides["tail"].hits == pytest.approx({1: 1 / 3, 3: 1, 10: 1})


def test_tie_rules_reach_the_report(graph, rivals):
    for rule, total in (("optimistic", 21), ("pessimistic", 25), ("official", 22)):
        found = report(rivals, graph.test, graph, None, None, rule)
        assert found is not None
        assert found.overall.mean_rank == pytest.approx(total / 6)


def test_without_modalities_everyone_has_neither(graph, rivals):
    found = report(rivals, graph.test, graph, None, None)
    assert found is not None
    assert {name: values.count for name, values in found.coverage.items()} == {"neither": 6}
    image = report(rivals, graph.test, graph, torch.ones(6, dtype=torch.bool), None)
    assert image is not None
    assert list(image.coverage) == ["image only"]


def test_as_dict_is_plain(graph, rivals):
    found = report(rivals, graph.test, graph, None, None)
    assert found is not None
    plain = found.as_dict()
    assert list(plain) == [
        "overall",
        "sides",
        "relation_classes",
        "coverage_of_answer",
        "relations",
    ]
    assert plain["sides"]["head"] == found.sides["head"].row()


def test_groups_make_up_the_whole():
    random = np.random.default_rng(1)
    triples = np.unique(random.integers(0, (6, 3, 6), (60, 3)), axis=0)
    graph = KnowledgeGraph(
        "random",
        Path(),
        ENTITIES,
        ("x", "y", "z"),
        ENTITIES,
        ("",) * 6,
        triples[::2],
        triples[1::2],
    )
    rivals = evaluate(table_scores(random_table(6, 3, 5, random)), graph.valid, triples)
    covered = torch.tensor([True, False] * 3)
    found = report(rivals, graph.valid, graph, covered, ~covered)
    assert found is not None
    for group in (found.sides, found.relations, found.classes, found.coverage):
        assert sum(values.count for values in group.values()) == found.overall.count
        weighted = sum(values.count * values.mrr for values in group.values())
        assert weighted == pytest.approx(found.overall.count * found.overall.mrr)
    assert found.overall == metrics(ranks(rivals.better, rivals.ties))


def test_no_ranks_no_report(graph):
    nothing = torch.zeros(0, dtype=torch.long)
    empty = Rivals(nothing, nothing.bool(), nothing, nothing.float(), nothing, nothing)
    assert report(empty, graph.test[:0], graph, None, None) is None
