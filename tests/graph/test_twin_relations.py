"""Relations that repeat another one are found, backwards too."""

from __future__ import annotations

import numpy as np

from mygo_cli.graph.relations import Twin, twin_relations

PAIRS = [(n, n + 20) for n in range(10)]


def table(*relations):
    rows = [(h, r, t) for r, pairs in enumerate(relations) for h, t in pairs]
    return np.array(rows, dtype=np.int64)


def backwards(pairs):
    return [(t, h) for h, t in pairs]


def test_same_pairs_backwards():
    more = [*backwards(PAIRS), *((n, n + 1) for n in range(50, 60))]
    assert twin_relations(table(PAIRS, more), 2, 80) == [Twin(0, 1, True, 1.0, 10)]


def test_same_pairs():
    found = twin_relations(table(PAIRS, [*PAIRS[:8], (50, 51), (52, 53)]), 2, 80)
    assert found == [Twin(0, 1, False, 0.8, 10), Twin(1, 0, False, 0.8, 10)]


def test_a_symmetric_relation():
    assert twin_relations(table(PAIRS + backwards(PAIRS)), 1, 80) == [Twin(0, 0, True, 1.0, 20)]


def test_too_few_or_too_unlike():
    assert twin_relations(table(PAIRS[:9], PAIRS[:9]), 2, 80) == []
    assert twin_relations(table(PAIRS, PAIRS[:7] + backwards(PAIRS[7:])), 2, 80) == []


def test_loops_do_not_count():
    loops = [(n, n) for n in range(30)]
    assert twin_relations(table(loops, loops), 2, 80) == []
