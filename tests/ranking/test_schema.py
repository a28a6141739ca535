"""Blank cells of what is usual, and no second value where one is the rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from brute_force import random_table, table_scores

from mygo_cli.completion.questions import Request
from mygo_cli.completion.schema import Schema, Stated
from mygo_cli.completion.schema_file import read_schema
from mygo_cli.completion.search import Rules, TopFacts, complete
from mygo_cli.device import Portion
from mygo_cli.errors import DataError, MygoError, UsageError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph

# Twelve towns in one land each, of which the last is not known; every town but the first two has a
# mayor, and a mayor one town; all like some of three dishes.
TOWNS, LANDS, MAYORS, DISHES = range(12), range(12, 15), range(15, 27), range(27, 30)
IN, RUN_BY, LIKES = 0, 1, 2


def facts():
    rows = [(town, IN, 12 + town % 3) for town in TOWNS[:-1]]
    rows += [(town, RUN_BY, 15 + town) for town in TOWNS[2:]]
    rows += [(town, LIKES, dish) for town in TOWNS[:-2] for dish in (27, 28)]
    return np.array(rows, dtype=np.int64)


KINDS = ("town",) * 12 + ("land",) * 3 + ("mayor",) * 12 + ("dish",) * 3


def graph_of(name, triples, kinds=KINDS):
    names = tuple(f"{kind}{number}" for number, kind in enumerate(KINDS))
    relations = ("in", "run by", "likes")
    return KnowledgeGraph(name, Path(), names, relations, names, kinds, triples)


@pytest.fixture
def graph():
    return graph_of("towns", facts())


def cells(queries):
    return set(zip(*(column.tolist() for column in queries), strict=True))


def test_what_is_single_is_learnt(graph):
    schema = Schema(graph)
    assert schema.single.tolist() == [True, True, False, False, True, False]
    assert not Schema(graph_of("few", facts()[:9])).single.any()


def test_the_usual_cells_that_are_blank(graph):
    asked = cells(Schema(graph).blanks())
    towns = {(11, IN, False), (0, RUN_BY, False), (1, RUN_BY, False)}
    towns |= {(10, LIKES, False), (11, LIKES, False)}
    assert asked == towns


def test_how_usual_by_hand(graph):
    usual = Schema(graph).usual(RUN_BY)
    assert usual[0] == pytest.approx((9 / 11 + 8 / 10) / 2)  # 9 of 11 in a land, 8 of 10 that like
    assert usual[12] == 0
    assert usual[29] == 0  # in no fact


def found(graph, schema, table, at_once=2):
    rules = Rules(schema=schema)
    queries, top = schema.blanks(), TopFacts(1000, claims=rules.claims)
    portion = Portion(at_once, "questions")
    list(complete(table_scores(table), graph, queries, top, portion, rules=rules))
    best = top.best()
    pairs, tails = np.divmod(best.key, len(graph.entities))
    heads, relations = np.divmod(pairs, len(graph.relations))
    return list(zip(heads.tolist(), relations.tolist(), tails.tolist(), strict=True)), best


def test_what_answers_keep_to(graph):
    table = random_table(30, 3, 1000, np.random.default_rng(0))
    rows, best = found(graph, Schema(graph), table)
    assert rows
    by_relation = {relation: [row for row in rows if row[1] == relation] for relation in range(3)}
    assert [row[0] for row in by_relation[IN]] == [11]
    assert by_relation[IN][0][2] in LANDS
    assert not by_relation[RUN_BY]  # every mayor has a town, and others were never one
    assert {row[2] for row in by_relation[LIKES]} <= set(DISHES)
    assert len(by_relation[LIKES]) == 4
    (place,) = (place for place, row in enumerate(rows) if row[1] == IN)
    lands = table[0, IN, 11].double()
    lands[11] = -torch.inf
    usual = Schema(graph).usual(IN)[11]
    expected = lands.softmax(0)[list(LANDS)].max().log() + np.log(usual)
    assert best.log_plausibility[place] == pytest.approx(float(expected))


@pytest.mark.parametrize("at_once", [1, 2, 9])
@pytest.mark.parametrize("better", [0, 1])
def test_nobody_is_the_only_one_of_two(graph, at_once, better):
    table = torch.zeros(2, 3, 30, 30)
    table[0, RUN_BY, [0, 1], 15] = 3.0
    table[0, RUN_BY, better, 15] = 5.0
    schema = Schema(graph, {RUN_BY: Stated(range=("mayor",))})
    rows, _ = found(graph, schema, table, at_once)
    assert [row for row in rows if row[1] == RUN_BY] == [(better, RUN_BY, 15)]


def test_what_is_stated_counts(graph, tmp_path):
    path = tmp_path / "schema.toml"
    path.write_text(
        '\ufeff[LIKES]\r\ndomain = ["mayor"]\r\nrange = ["dish", "land"]\r\nfunctional = true\r\n',
        encoding="utf-8",
    )
    stated = read_schema(path, graph)
    assert stated == {LIKES: Stated(("mayor",), ("dish", "land"), functional=True)}
    schema = Schema(graph, stated)
    assert {row for row in cells(schema.blanks()) if row[1] == LIKES} == {
        (mayor, LIKES, False) for mayor in MAYORS
    }
    rows, _ = found(graph, schema, random_table(30, 3, 1000, np.random.default_rng(0)))
    likes = [row for row in rows if row[1] == LIKES]
    assert [row[0] for row in sorted(likes)] == list(MAYORS)
    assert {row[2] for row in likes} <= {*DISHES, *LANDS}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[eats]", "No relation eats in towns."),
        ("likes = 1", "likes stands in no table."),
        ("[likes]\nrnage = []", "unknown setting rnage. Did you mean range?"),
        ('[likes]\nrange = "dish"', "range = 'dish' is not a list."),
        ('[likes]\nrange = ["dihs"]', "dihs is the kind of no entity. Did you mean dish?"),
        ("[likes]\nrange = [[1]]", "[1] is the kind of no entity."),
        ("[likes]\nfunctional = 1", "functional = 1 is not true or false."),
        ("[likes]\n[Likes]", "two tables for likes."),
        ("[likes", "is not TOML"),
    ],
)
def test_files_that_say_something_else(graph, tmp_path, text, message):
    path = tmp_path / "schema.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MygoError) as caught:
        read_schema(path, graph)
    said = str(caught.value)
    assert said.startswith(str(path))
    assert message in said
    assert "\n" not in said


def test_no_file_and_no_kinds(graph, tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_schema(tmp_path / "none.toml", graph)
    path = tmp_path / "schema.toml"
    path.write_text('[likes]\nrange = ["dish"]', encoding="utf-8")
    bare = graph_of("bare", facts(), ("",) * 30)
    with pytest.raises(UsageError, match=r"bare gives its entities no kinds. Add them to entities"):
        read_schema(path, bare)


def test_options_that_exclude_each_other():
    with pytest.raises(UsageError, match="exclude each other"):
        Request(missing=True, pairs="all", relation="likes")
    with pytest.raises(UsageError, match="Give --missing with it"):
        Request(schema=Path("schema.toml"))


def test_nothing_is_blank(graph):
    with pytest.raises(DataError, match="has no such blank cell"):
        Request(missing=True, entity="dish27").queries(graph)
    assert cells(Request(missing=True, entity="town11").queries(graph)) == {
        (11, IN, False),
        (11, LIKES, False),
    }


def test_other_kinds_are_another_request_where_a_schema_names_some(graph, tmp_path):
    other = graph_of("towns", facts(), ("village", *KINDS[1:]))
    path = tmp_path / "schema.toml"
    for text, differ in (("functional = true", False), ('domain = ["town"]', True)):
        path.write_text(f"[LIKES]\n{text}\n")
        request = Request(9, missing=True, schema=path)
        assert (request.as_settings(graph) != request.as_settings(other)) is differ
