"""Classes follow the definition of Bordes et al., checked against a naive count."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from mygo_cli.folders import world_folder
from mygo_cli.graph.reading import read_graph
from mygo_cli.graph.relations import relation_classes


def naive(triples, relation):
    tails, heads = defaultdict(set), defaultdict(set)
    for head, found, tail in triples.tolist():
        if found == relation:
            tails[head].add(tail)
            heads[tail].add(head)
    sides = []
    for partners in (heads, tails):
        average = sum(map(len, partners.values())) / max(1, len(partners))
        sides.append("N" if average >= 1.5 else "1")
    return "-".join(sides)


def test_one_of_each():
    triples = [(0, 0, 1), (2, 0, 3)]  # 1-1
    triples += [(0, 1, 1), (0, 1, 2)]  # one head, two tails
    triples += [(1, 2, 0), (2, 2, 0)]  # two heads, one tail
    triples += [(0, 3, 2), (0, 3, 3), (1, 3, 2), (1, 3, 3)]
    table = np.array(triples, dtype=np.int64)
    assert relation_classes(table, 5) == ("1-1", "1-N", "N-1", "N-N", "1-1")


def test_the_threshold_belongs_to_n():
    table = np.array([(0, 0, 1), (0, 0, 2), (3, 0, 4)], dtype=np.int64)  # 1.5 tails a head
    assert relation_classes(table, 1) == ("1-N",)


def test_the_built_in_graph():
    graph = read_graph(world_folder())
    classes = relation_classes(graph.train, len(graph.relations))
    assert classes == tuple(naive(graph.train, r) for r in range(len(graph.relations)))
    assert {"N-1", "N-N"} <= set(classes)
