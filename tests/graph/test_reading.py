"""Every documented way to write a dataset folder gives the same graph."""

from __future__ import annotations

import time

import pytest

from mygo_cli.folders import world_folder
from mygo_cli.graph.reading import read_graph

TRAIN = [
    ("Paris", "capital of", "France"),
    ("北京", "capital of", "中国"),
    ("a/b", "near", "Paris"),
]


def text(rows, separator="\t", newline="\n"):
    return "".join(separator.join(row) + newline for row in rows)


def named(graph, split="train"):
    return [
        (graph.entities[h], graph.relations[r], graph.entities[t])
        for h, r, t in graph.split(split).tolist()
    ]


def test_the_built_in_graph():
    graph = read_graph(world_folder())
    assert (graph.name, len(graph.entities), len(graph.relations)) == ("world", 656, 22)
    assert (len(graph.train), len(graph.valid), len(graph.test)) == (10003, 1250, 1249)
    assert graph.names[graph.entity_row["absolute_monarchy"]] == "absolute monarchy"
    assert graph.kinds[graph.entity_row["afghanistan"]] == "country"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.txt", text(TRAIN)),
        ("train.tsv", text(TRAIN, newline="\r\n")),
        ("train.tsv", text(TRAIN, newline="\r")),
        ("train.csv", text(TRAIN, separator=",")),
        ("train.txt.gz", text(TRAIN)),
        ("train.csv.gz", text(TRAIN, separator=",")),
        ("train.txt", "\ufeff" + text(TRAIN)),
        ("train.txt", "head\trelation\ttail\n" + text(TRAIN)),
        ("train.tsv", "\ufeff H \t R\tT\r\n" + text(TRAIN, newline="\r\n")),
        ("train.tsv", "#subject\tpredicate\tobject\n" + text(TRAIN)),
        ("train.csv", '"Source","Relation","Target"\n' + text(TRAIN, separator=" , ")),
        ("train.csv", text([[f'"{cell}"' for cell in row] for row in TRAIN], separator=" , ")),
        ("train.txt", "\n\n \t \n" + text(TRAIN, separator=" \t ", newline=" \n\n") + "\t\t\n"),
        ("train.csv", "\n" + text(TRAIN, separator=",") + ",,\n"),
        ("train.txt", text(TRAIN, newline="\t\n")),
        ("train.txt", text(TRAIN).rstrip("\n")),
        ("train.csv", "tail,head,relation\n" + text([(t, h, r) for h, r, t in TRAIN], ",")),
    ],
)  # fmt: skip
def test_one_graph_however_written(make_folder, name, content):
    graph = read_graph(make_folder({name: content}))
    assert named(graph) == TRAIN
    assert graph.entities == ("Paris", "France", "北京", "中国", "a/b")
    assert graph.relations == ("capital of", "near")
    assert graph.names == graph.entities
    assert graph.kinds == ("",) * 5
    assert graph.valid.shape == graph.test.shape == (0, 3)
    assert graph.train.dtype == "int64"


def test_csv_quotes_hold_commas_quotes_and_line_ends(make_folder):
    content = '"Montgomery, Alabama",in,"the ""South"""\n"two\nlines",in,x\ny,in,x\n'
    graph = read_graph(make_folder({"train.csv": content}))
    assert graph.entities == ("Montgomery, Alabama", 'the "South"', "two lines", "x", "y")
    assert graph.sources["train"].line.tolist() == [1, 2, 4]


def test_tabs_leave_quotes_and_commas_alone(make_folder):
    graph = read_graph(make_folder({"train.tsv": '"a"\tr,s\tb"\n'}))
    assert named(graph) == [('"a"', "r,s", 'b"')]


@pytest.mark.parametrize("end", [" .", ".", "\t.", "\t ."])
def test_the_full_stop_of_n_triples_is_no_part_of_a_name(make_folder, end):
    rows = [("<Ada>", "<knows>", "<Bob>"), ("<Bob>", "<says>", '"a."'), ("_:b", "<is>", "_:c ")]
    content = "".join("\t".join(row) + end + "\n" for row in rows)
    graph = read_graph(make_folder({"train.txt": content}))
    assert named(graph) == [(head, relation, tail.strip()) for head, relation, tail in rows]


@pytest.mark.parametrize(
    "row", ["<a>\tr\tSt. Paul.", "a\tr\tb .", "<a>\tr\t<U.S.>", "_:b\tr\t_:c."]
)
def test_other_full_stops_stay(make_folder, row):
    assert named(read_graph(make_folder({"train.txt": row}))) == [tuple(row.split("\t"))]


def test_a_long_line_of_n_triples_takes_no_time(make_folder):
    row = ("<a>", "<r>", '"' + 100_000 * " " + "b.")  # seconds, where each blank is begun from
    began = time.process_time()
    assert named(read_graph(make_folder({"train.txt": "\t".join(row) + "\n"}))) == [row]
    assert time.process_time() - began < 2


def test_full_stops_of_descriptions_stay(make_folder):
    files = {"train.txt": "<a>\tr\t<b>\n", "descriptions.tsv": '<a>\tCalled "a".\n'}
    assert read_graph(make_folder(files)).descriptions()[0] == 'Called "a".'


def test_a_header_is_only_known_as_a_whole(make_folder):
    graph = read_graph(make_folder({"train.txt": "head\tconnects\ttail\nhead\trelation\tneck\n"}))
    assert len(graph.train) == 2


def test_order_and_splits(make_folder):
    folder = make_folder(
        {"train.txt": "a\tr\tb\n", "valid.csv": "c,s,a\n", "test.tsv.gz": "b\tr\td\n"}
    )
    graph = read_graph(folder)
    assert graph.entities == ("a", "b", "c", "d")
    assert named(graph, "valid") == [("c", "s", "a")]
    assert named(graph, "test") == [("b", "r", "d")]


def test_repeats_are_dropped_and_counted(make_folder):
    graph = read_graph(make_folder({"train.txt": "a\tr\tb\n\nb\tr\ta\na\tr\tb\na\tr\tb\n"}))
    source = graph.sources["train"]
    assert named(graph) == [("a", "r", "b"), ("b", "r", "a")]
    assert (source.line.tolist(), source.count.tolist()) == ([1, 3], [3, 1])
    assert (source.repeat, source.lines) == ((4, 1), 4)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("entities.tsv", "b\tBee\tinsect\na\nc\t\tletter\n"),
        ("entities.csv", "entity,display name,kind\nb,Bee,insect\na,,\nc,,letter\n"),
        ("entities.tsv", "kind\tid\tname\ninsect\tb\tBee\n\ta\t\nletter\tc\t\n"),
    ],
)
def test_entities_file_fixes_order_names_and_kinds(make_folder, name, content):
    graph = read_graph(make_folder({"train.txt": "a\tr\tb\n", name: content}))
    assert graph.entities == ("b", "a", "c")
    assert graph.names == ("Bee", "a", "c")
    assert graph.kinds == ("insect", "", "letter")
    assert graph.train.tolist() == [[1, 0, 0]]


def test_a_bare_list_of_entities(make_folder):
    graph = read_graph(make_folder({"train.txt": "a\tr\tb\n", "entities.txt": "b\na\n"}))
    assert graph.entities == ("b", "a")


def test_the_folder_may_be_the_current_one(make_folder, monkeypatch):
    monkeypatch.chdir(make_folder({"train.txt": "a\tr\tb\n"}))
    assert read_graph(".").name == "graph"
