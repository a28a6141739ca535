"""`mygo init`: it says what it takes each column for, asks, writes, and says what to do next."""

from __future__ import annotations

import json
import shlex
import shutil
from io import StringIO
from pathlib import Path

import pytest
from small_world import QUICK
from tables import FACTS, HEADER, item_rows, write_csv, write_pictures


@pytest.fixture
def facts(tmp_path) -> Path:
    rows = [(relation, tail, head) for head, relation, tail in FACTS]
    return write_csv(tmp_path / "facts.csv", ["谓语", "宾语", "主语"], rows)


@pytest.fixture
def items(tmp_path) -> Path:
    write_pictures(
        tmp_path / "pics", *(f"{row[0]}.png" for row in item_rows()), "c1_2.jpg", "x.png"
    )
    return write_csv(tmp_path / "items.csv", HEADER, item_rows())


@pytest.fixture
def answers(monkeypatch):
    """Return a function that makes a terminal of stdin, at which somebody types."""

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    return lambda text: monkeypatch.setattr("sys.stdin", Terminal(text))


def test_from_tables_to_a_trained_model(mygo, facts, items):
    ended = mygo("init", "my graph", facts, items, "--images", "pics", "--yes")
    assert ended.code == 0, ended.err
    assert "6 pictures of 5 entities, 5 descriptions" in ended.out
    lines = ended.out.splitlines()
    assert lines[-1] == (
        "Next: mygo tokenize --data 'my graph' && mygo train --data 'my graph' --holdout 0.05"
    )
    assert "10 entities, 3 relations; distinct triples: 13 train, 0 valid, 0 test" in ended.out
    assert Path("my graph/train.txt").read_text().splitlines()[-1] == "c3\tmade by\t北京厂"
    assert mygo("data", "check", "--data", "my graph").code == 0
    train = shlex.split(lines[-1].partition(" && mygo ")[2])
    assert mygo(*train, *QUICK).code == 0


def test_what_it_says(mygo, facts, items):
    ended = mygo("init", "g", facts, "--items", items, "--images", "pics", "--yes")
    shown = [line.split() for line in ended.out.splitlines()]
    assert ["facts.csv", "a", "fact", "主语", "head", "c1"] in shown
    assert ["items.csv", "an", "item", "sku", "entity", "c1"] in shown
    assert "relation, several at ;" in ended.out
    assert "left out: numbers or dates" in ended.out
    assert ["c1", "goes", "with", "t1"] in shown
    assert ["picture", "that", "belongs", "to", "nobody", "1", "pics/x.png"] in shown


def test_one_name_for_names_that_differ_in_capitals_and_blanks(mygo, tmp_path, items):
    rows = [
        *FACTS,
        ("C1", "Goes_With", "T1"),  # is there already
        ("C3", "goes with", "\uff341"),  # full-width T1, a fact of its own
        ("ann  & co", "based in", "Köln"),
        ("c1", "based in", "Ko\u0308ln"),
    ]
    facts = write_csv(tmp_path / "messy.csv", ["head", "relation", "tail"], rows)
    words = ("init", "g", facts, "--items", items, "--images", "pics", "--yes")
    assert mygo(*words, "--unify").code == 0
    checked = mygo("data", "check", "--data", "g")
    assert "differ only in" not in checked.out
    assert "look the same" not in checked.out
    written = Path("g/train.txt").read_text(encoding="utf-8")
    assert "c3\tgoes with\tt1\n" in written
    assert "Ann & Co\tbased in\tKöln\nc1\tbased in\tKöln\n" in written
    assert len(list(Path("g/images/c1").iterdir())) == 2
    shutil.rmtree("g")
    said = json.loads(mygo(*words, "--unify", "--json").out)
    left_out = {row["what"]: row["count"] for row in said["left_out"]}
    assert left_out["another spelling of a name"] == 7
    assert left_out["fact that is there already"] == 1
    shutil.rmtree("g")
    assert mygo(*words).code == 0
    assert "C1\tGoes_With\tT1\n" in Path("g/train.txt").read_text(encoding="utf-8")


def test_without_a_terminal_nothing_is_written(mygo, facts, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO())
    ended = mygo("init", "my graph", facts)
    assert ended.code == 2
    assert "7 entities, 2 relations, 8 facts" in ended.out
    command = f"mygo init 'my graph' {facts} --yes"
    assert ended.err.endswith(f"If they are: {command}\n")
    assert not Path("my graph").exists()
    assert mygo(*shlex.split(command)[1:]).code == 0


def test_nobody_is_asked_about_what_is_not_shown(mygo, facts, answers):
    for words in (("-f", "json"), ("-o", "plan.csv")):
        answers("y\n")
        ended = mygo("init", "g", facts, *words)
        assert (ended.code, ended.out, Path("g").exists()) == (2, "", False)
        assert "with --format or --output nobody is asked whether" in ended.err


def test_it_asks_at_a_terminal(mygo, facts, answers):
    answers("n\n")
    ended = mygo("init", "g", facts)
    assert (ended.code, Path("g").exists()) == (1, False)
    assert "Write g? [Y/n]" in ended.err
    assert "Nothing was written. Name the columns that are others: mygo init --help" in ended.err
    answers("\n")
    assert mygo("init", "g", facts).code == 0
    assert Path("g/train.txt").exists()


def test_json(mygo, facts, items):
    words = ("--valid", 0.1, "--seed", 1, "--json", "--yes")
    ended = mygo("init", "g", facts, items, "--skip", "Colour", *words)
    found = json.loads(ended.out)
    assert found["triples"] == {"train": 7, "valid": 1, "test": 0}
    assert found["next"] == ["mygo tokenize --data g", "mygo train --data g"]
    assert found["descriptions"] == 5
    column = {"table": "items.csv", "row": "an item", "column": "sku", "is": "entity"}
    assert column | {"example": "c1"} in found["columns"]
    assert {row["what"]: row["count"] for row in found["left_out"]} == {
        "column of items.csv: numbers or dates": 1,
        "column of items.csv: not asked for": 1,
        "picture named in a table and not found": 5,
    }


def test_columns_can_be_named(mygo, facts):
    words = ("--head", "宾语", "--relation", "谓语", "--tail", "主语")
    assert mygo("init", "g", facts, *words, "--yes").code == 0
    assert Path("g/train.txt").read_text().splitlines()[0] == "t1\tgoes with\tc1"


def test_mistakes(mygo, facts):
    for words, message in (
        (("g",), "No table is named. mygo init g TABLE"),
        ((facts, "g"), "facts.csv is a file. The folder to write comes first, then the tables."),
        (("g", "fact.csv"), "fact.csv: no such file. Did you mean facts.csv?"),
        (("g", facts, "--head", "x"), "--head x: no table has such a column. There are: 谓语"),
        (("g", facts, "--images", "p"), "p: no such folder."),
        (("g", facts.parent), f"{facts.parent} is a folder. Name its tables; pictures: --images"),
    ):
        ended = mygo("init", *words, "--yes")
        assert ended.code in (1, 2)
        assert message in ended.err
        assert len(ended.err.splitlines()) == 1
        assert not Path("g").exists()


@pytest.mark.parametrize(
    ("edges", "edge_lines", "nodes", "node_lines"),
    [
        ("rels.csv", ":START_ID,:END_ID,:TYPE\na,b,KNOWS\n", "n.csv", "id:ID,name\na,Ann\nb,Bo\n"),
        ("e.sif", "source\tmetaedge\ttarget\na\tKNOWS\tb\n", "n.tsv", "id\tname\na\tAnn\nb\tBo\n"),
    ],
    ids=["Neo4j", "Hetionet"],
)
def test_exports_of_other_systems(mygo, tmp_path, edges, edge_lines, nodes, node_lines):
    (tmp_path / edges).write_text(edge_lines)
    (tmp_path / nodes).write_text(node_lines)
    ended = mygo("init", "g", edges, nodes, "--yes")
    assert ended.code == 0, ended.err
    assert Path("g/train.txt").read_text() == "a\tKNOWS\tb\n"
    assert Path("g/entities.tsv").read_text() == "entity\tname\na\tAnn\nb\tBo\n"
