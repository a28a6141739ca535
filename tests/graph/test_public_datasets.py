"""The published DB15K reads to the numbers that are known of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mygo_cli.graph.leaks import Leak, validation_leak
from mygo_cli.graph.reading import read_graph

DB15K = Path(__file__).parents[3] / "shared" / "datasets" / "DB15K"

pytestmark = pytest.mark.skipif(
    not DB15K.is_dir(), reason="DB15K is not part of the repository; put it at ../shared/datasets"
)


def test_db15k():
    graph = read_graph(DB15K)
    assert (len(graph.entities), len(graph.relations)) == (12842, 279)
    assert (len(graph.train), len(graph.valid), len(graph.test)) == (79222, 7481, 9902)
    leak = validation_leak(graph)
    assert leak == Leak(9904, 7481, 8719, 1105, 6584, 824)
    assert leak.serious
