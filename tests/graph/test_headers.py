"""Header lines are known by their words; what may be header or fact is not decided in silence."""

from __future__ import annotations

import pytest

from mygo_cli.graph.check import check_graph
from mygo_cli.graph.reading import read_graph

FACTS = "a\tr\tb\nb\tr\tc\n"


def warnings(folder):
    return [found.text for found in check_graph(folder) if found.severity == "warning"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.tsv", "source\tmetaedge\ttarget\nh\trel\tt\n"),
        ("train.csv", ":START_ID,:TYPE,:END_ID\nh,rel,t\n"),
        ("train.csv", ":START_ID,:END_ID,:TYPE\nh,t,rel\n"),
        ("train.tsv", "head_id\trelation_id\ttail_id\nh\trel\tt\n"),
        ("train.tsv", "#Tail ID\thead-id\trelation type\nt\th\trel\n"),
    ],
)
def test_headers_of_other_tools(make_folder, name, content):
    graph = read_graph(make_folder({name: content}))
    assert graph.entities == ("h", "t")
    assert graph.relations == ("rel",)


@pytest.mark.parametrize("word", ["entity", "id", "node", "Node"])
def test_a_lone_header_word_is_an_entity_where_a_triple_speaks_of_it(make_folder, word):
    files = {"entities.txt": f"{word}\na\nb\nc\n", "train.txt": FACTS}
    assert read_graph(make_folder(files)).entities == ("a", "b", "c")
    files["valid.txt"] = f"a\tr\t{word}\n"
    folder = make_folder(files)
    assert read_graph(folder).entities == (word, "a", "b", "c")
    assert not [found for found in check_graph(folder) if found.severity == "error"]


def test_a_lone_header_word_that_is_listed_too_is_a_header(make_folder):
    files = {"entities.txt": "entity\nentity\na\n", "train.txt": "a\tr\tentity\n"}
    assert read_graph(make_folder(files)).entities == ("entity", "a")


def test_faults_of_a_list_with_a_lone_header_word_are_told_once(make_folder):
    faults = []
    files = {"entities.txt": "entity\na\na\n", "train.txt": "a\tr\tentity\n"}
    assert read_graph(make_folder(files), faults.append).entities == ("entity", "a")
    assert [(fault.file.name, fault.line) for fault in faults] == [("entities.txt", 3)]


def test_a_fact_of_header_words_is_named(make_folder):
    facts = "subject\tproperty\tobject\nobject\tpart_of\tsentence\n"
    folder = make_folder({"train.txt": facts})
    assert warnings(folder) == [
        f"{folder}/train.txt:1: read as a header, and other lines are about object. "
        "If it is a fact, write a line above it: head, relation, tail."
    ]
    folder = make_folder({"train.txt": "head\trelation\ttail\n" + facts})
    assert len(read_graph(folder).train) == 2
    assert warnings(folder) == []


def test_a_header_of_strangers_is_passed_over_in_silence(make_folder):
    assert warnings(make_folder({"train.txt": "subject\tproperty\tobject\n" + FACTS})) == []


@pytest.mark.parametrize(
    "files",
    [
        {"train.txt": "node1\tlabel\tnode2\n" + FACTS},
        {"train.txt": "sujet\tprédicat\tobjet\n" + FACTS,
         "valid.txt": "sujet\tprédicat\tobjet\na\tr\tc\n"},
    ],
)  # fmt: skip
def test_what_looks_like_a_header_is_named(make_folder, files):
    folder = make_folder(files)
    assert "train.txt:1: looks like a header and is read as a fact" in warnings(folder)[0]


@pytest.mark.parametrize(
    "first",
    [
        "x\ts\ty\n",  # no word of headers
        "a\tlabel\ty\n",  # an entity of other lines
        "node1\tr\tobject\n",  # a relation of other lines
    ],
)
def test_what_looks_like_a_fact_is_one(make_folder, first):
    folder = make_folder({"train.txt": first + FACTS})
    assert len(read_graph(folder).train) == 3
    assert warnings(folder) == []
