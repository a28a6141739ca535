"""What needs no import: tab-separated triples as PyKEEN ships them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from mygo_cli.graph.reading import read_graph


def test_a_dataset_of_pykeen() -> None:
    package = importlib.util.find_spec("pykeen")
    assert package is not None
    assert package.origin is not None
    graph = read_graph(Path(package.origin).parent / "datasets" / "nations")
    assert len(graph.entities) == 14
    assert len(graph.relations) == 55
    assert [len(graph.train), len(graph.valid), len(graph.test)] == [1592, 199, 201]
