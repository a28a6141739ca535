"""The linear probe, on graphs whose tokens tell everything, or nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mygo_cli.errors import DataError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.ranking.probe import probe_graph, probe_tokens
from mygo_cli.tokens.bags import TokenCounts

HEADS, TAILS = 60, 3


def graph_of(relation_of=lambda head: 0, relations=("is",)):
    """Return a graph in which each head has the tail that its number says."""
    names = tuple(f"h{number}" for number in range(HEADS)) + tuple("abc")
    facts = np.array([[head, relation_of(head), HEADS + head % TAILS] for head in range(HEADS)])
    train, valid, test = facts[:40], facts[40:50], facts[50:]
    return KnowledgeGraph(
        "told", Path("told"), names, relations, names, ("",) * len(names), train, valid, test
    )


def counts_of(tokens_of_head):
    """Return the counts of entities whose tokens are given for heads; tails have none."""
    tokens = [tokens_of_head(head) for head in range(HEADS)] + [[]] * TAILS
    start = np.cumsum([0, *map(len, tokens)])
    flat = np.array([token for each in tokens for token in each], dtype=np.int64)
    return TokenCounts(start, flat, np.ones(len(flat), dtype=np.int64))


def test_tokens_that_tell_everything():
    (found,) = probe_tokens(graph_of(), counts_of(lambda head: [head % TAILS, 7]), "image")
    assert (found.relation, found.modality, found.facts, found.asked) == ("is", "image", 40, 10)
    assert found.linear == 1
    assert found.frequency < 0.8
    assert found.lift == found.linear - found.frequency


def test_tokens_that_tell_nothing():
    """One picture that all share: the probe is as good as frequency, not better."""
    (found,) = probe_tokens(graph_of(), counts_of(lambda head: [5]), "image")
    assert found.linear == pytest.approx(found.frequency, abs=0.02)


def test_entities_without_tokens_are_not_asked():
    (found,) = probe_tokens(
        graph_of(), counts_of(lambda head: [head % TAILS] if head % 2 else []), "text"
    )
    assert (found.facts, found.asked) == (20, 5)
    nothing = probe_tokens(graph_of(), counts_of(lambda head: []), "text")
    assert [(each.facts, each.linear, each.lift) for each in nothing] == [(0, None, None)]


def test_a_relation_with_too_few_facts_is_named_without_numbers():
    graph = graph_of(lambda head: int(head % 10 == 0), ("often", "seldom"))
    often, seldom = probe_tokens(graph, counts_of(lambda head: [head % TAILS]), "image")
    assert (often.relation, seldom.relation, seldom.linear) == ("often", "seldom", None)
    assert often.linear == 1


def test_an_answer_that_train_never_gives_ranks_behind_all_that_it_gives():
    graph = graph_of()
    test = graph.test.copy()
    test[:, 2] = 0  # a head, which no train fact has as its tail
    graph = dataclasses.replace(graph, test=test)
    (found,) = probe_tokens(graph, counts_of(lambda head: [head % TAILS]), "image")
    behind = TAILS + 1 + (HEADS - 1) / 2  # after the three tails, in a tie with all others
    assert found.linear == pytest.approx(1 / behind)
    others = test.copy()
    others[:, 2] = 1  # two such answers: neither is a rival
    graph = dataclasses.replace(graph, test=np.concatenate([test, others]))
    (found,) = probe_tokens(graph, counts_of(lambda head: [head % TAILS]), "image")
    assert found.linear == pytest.approx(1 / (behind - 0.5))


def test_the_other_side():
    (found,) = probe_tokens(graph_of(), counts_of(lambda head: [head]), "image", side="head")
    assert found.facts == 0  # tails have no tokens


def test_the_same_numbers_again():
    graph, counts = graph_of(), counts_of(lambda head: [head % 5, head % TAILS])
    assert probe_tokens(graph, counts, "image") == probe_tokens(graph, counts, "image")


def test_nothing_to_ask(tmp_path):
    graph = graph_of()
    none = graph.test[:0]
    with pytest.raises(DataError, match=r"neither test nor validation"):
        probe_graph(dataclasses.replace(graph, valid=none, test=none), tmp_path)
    with pytest.raises(DataError, match="no complete token cache of told"):
        probe_graph(graph, tmp_path)
