"""Names are found as people type them; known facts are looked up across the splits."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest

from mygo_cli.errors import UsageError
from mygo_cli.graph.reading import read_graph

FILES = {
    "entities.tsv": "fr\tFrance\tcountry\nde\tGermany\tcountry\np1\tParis\tcity\np2\tParis\tcity\n"
    "new_york\tNew York\tcity\n",
    "train.txt": "p1\tcapital_of\tfr\np2\tnear\tnew_york\nfr\tborders\tde\n",
    "valid.txt": "de\tborders\tfr\nfr\tborders\tde\n",
    "test.txt": "new_york\tnear\tp2\n",
}


@pytest.fixture
def graph(make_folder):
    return read_graph(make_folder(FILES))


@pytest.mark.parametrize(
    ("typed", "entity"),
    [
        ("fr", "fr"),
        ("France", "fr"),
        ("fRANCE", "fr"),
        (" France ", "fr"),
        ("FR", "fr"),
        ("New_York", "new_york"),
        ("new york", "new_york"),
    ],
)
def test_find_entity(graph, typed, entity):
    assert graph.entities[graph.find_entity(typed)] == entity


def test_unknown_entity(graph):
    with pytest.raises(UsageError, match=r"^No entity Frence in graph\. Did you mean France\?$"):
        graph.find_entity("Frence")


def test_a_name_of_several(graph):
    with pytest.raises(UsageError, match=r"name of 2 entities of graph\. Take .*: p1, p2\.$"):
        graph.find_entity("paris")


def test_find_relation(graph):
    assert graph.find_relation("Capital of") == graph.relation_row["capital_of"] == 0
    with pytest.raises(UsageError, match=r"No relation bordrs in graph\. Did you mean borders\?"):
        graph.find_relation("bordrs")


def test_all_triples_are_distinct(graph):
    assert graph.all_triples().tolist() == [*graph.train.tolist(), [1, 2, 0], [4, 1, 3]]
    assert graph.all_triples().dtype == np.int64


def test_the_first_split_that_holds_a_fact(graph):
    facts = np.array([[0, 2, 1], [1, 2, 0], [4, 1, 3], [3, 1, 2]])
    assert graph.splits_of(facts) == ["train", "valid", "test", ""]
    others = dataclasses.replace(graph, other=facts[3:])
    assert others.splits_of(facts) == ["train", "valid", "test", "other"]


def test_identity_of_the_entity_list(graph):
    ids = "fr\nde\np1\np2\nnew_york"
    assert graph.entities_sha256 == hashlib.sha256(ids.encode()).hexdigest()


def test_media_are_empty_without_files(graph):
    assert graph.descriptions() == (None,) * 5
    assert graph.pictures() == ((),) * 5
