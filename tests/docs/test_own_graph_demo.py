"""The script behind docs/own-graph.md writes tables that `mygo init` understands."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

from mygo_cli.graph.check import check_graph
from mygo_cli.imports.table_folder import Shares, write_graph
from mygo_cli.imports.table_graph import gather
from mygo_cli.imports.table_guess import read_and_guess
from mygo_cli.imports.table_pictures import find_pictures
from mygo_cli.imports.table_roles import Typed

SCRIPT = Path(__file__).parents[2] / "docs" / "own_graph_demo.py"


def test_its_tables_make_a_graph(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("own_graph_demo", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.write_shop(tmp_path, random.Random(0))
    assert [words[0] for words in script.commands(3)] == ["init", "tokenize", "train"]
    tables = [tmp_path / "facts.csv", tmp_path / "products.csv"]
    found = gather(read_and_guess(tables, [], Typed()))
    pictures = find_pictures(found, tmp_path / "pictures")
    assert {what: count for what, count, _ in found.left_out.rows()} == {
        "column of products.csv: numbers or dates": 1,
        "fact that is there already": 1,
        "row of facts.csv with an empty cell": 1,
        "picture that belongs to nobody": 1,
    }
    graph = write_graph(tmp_path / "shop", found, pictures, Shares())
    assert set(graph.relations) == {"made by", "is a", "goes with", "colours", "materials"}
    assert sum(map(bool, graph.pictures())) == script.PRODUCTS
    assert graph.names[0] == 'Yellow lamp "0"'
    assert {finding.severity for finding in check_graph(tmp_path / "shop")} == {"note"}
