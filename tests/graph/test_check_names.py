"""What the names of a graph say against the way it was read, each with a command that mends it."""

from __future__ import annotations

import shlex
import subprocess

import numpy as np
import pytest

from mygo_cli.folders import world_folder
from mygo_cli.graph.check import check_graph
from mygo_cli.graph.reading import read_graph

WORLD = read_graph(world_folder())


def facts(count=1400):
    """Return facts of world by id, drawn by lot."""
    rows = np.random.default_rng(0).permutation(WORLD.all_triples())[:count].tolist()
    return [(WORLD.entities[h], WORLD.relations[r], WORLD.entities[t]) for h, r, t in rows]


def text(rows, between="\t"):
    return "".join(between.join(row) + "\n" for row in rows)


def warnings(folder):
    return [found.text for found in check_graph(folder) if found.severity == "warning"]


@pytest.mark.parametrize(
    ("order", "columns"),
    [
        ((0, 2, 1), ("column 1", "column 3", "column 2")),
        ((1, 0, 2), ("column 2", "column 1", "column 3")),
        ((2, 1, 0), None),  # nobody can see that heads and tails are exchanged
        ((0, 1, 2), None),
    ],
)
@pytest.mark.parametrize("ending", ["tsv", "csv"])
def test_swapped_columns(make_folder, order, columns, ending):
    rows = [tuple(row[place] for place in order) for row in facts()]
    folder = make_folder({f"train.{ending}": text(rows, "\t" if ending == "tsv" else ",")})
    found = [each for each in warnings(folder) if "swapped" in each]
    if columns is None:
        assert not found
        return
    head, relation, tail = columns
    options = ["--head", head, "--relation", relation, "--tail", tail]
    (said,) = found
    assert said.endswith(
        "the columns look swapped. If so: "
        + shlex.join(["mygo", "init", "graph-2", f"{folder}/train.{ending}", *options])
    )


def test_swapped_columns_go_by_their_header(make_folder):
    rows = [("Source", "Type", "Target"), *((head, tail, rel) for head, rel, tail in facts())]
    (said,) = (x for x in warnings(make_folder({"train.csv": text(rows, ",")})) if "swapped" in x)
    assert said.endswith("--head Source --relation Target --tail Type")


@pytest.mark.parametrize(
    "rows",
    [
        [(f"a{n % 30}", f"r{n % 60}", f"v{n}") for n in range(1800)],  # products and many details
        [(f"a{n % 14}", f"r{n % 55}", f"a{n * 7 % 14}") for n in range(1992)],  # as Nations is
        [("kenya", f"r{n}", f"v{n}") for n in range(15)],
    ],
)
def test_many_relations_are_no_mistake(make_folder, rows):
    assert not [x for x in warnings(make_folder({"train.txt": text(rows)})) if "swapped" in x]


def prices(between=" EUR"):
    return [(f"lamp {n}", "price", f"{n * 137 / 10:,.2f}{between}") for n in range(9)]


def test_numbers_are_named_and_taken_out(make_folder):
    folder = make_folder(
        {"train.txt": text(facts(60) + prices()), "valid.txt": text(facts(70)[60:])}
    )
    (said,) = (each for each in warnings(folder) if "as entities" in each)
    assert said.startswith(
        f"{folder}/train.txt:61: 9 numbers as entities, tails of price: 0.00 EUR, 13.70 EUR"
    )
    command = said.partition("take them out: ")[2]
    subprocess.run(command, shell=True, check=True, cwd=folder)
    assert "price" not in read_graph(folder).relations
    assert len(read_graph(folder).train) == 60


@pytest.mark.parametrize(
    "rows",
    [
        [(str(n), "7", str(n + 1)) for n in range(50)],  # entities called by numbers
        [("a", "size", "3"), ("b", "size", "4")],  # too few
        [(f"a{n}", "made_by", f"{n}M company") for n in range(9)],
    ],
)
def test_numbers_that_are_names(make_folder, rows):
    assert not [x for x in warnings(make_folder({"train.txt": text(rows)})) if "number" in x]


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ("Kenya", "kenya", "Kenya and kenya"),
        ("new  zealand", "New_Zealand", "new  zealand and New_Zealand"),
        ("\uff21\uff22", "ab", "\uff21\uff22 and ab"),
        ("中国 银行", "中国\u3000银行", "中国 银行 and 中国\u3000银行"),
    ],
)
def test_names_that_differ_in_form_blanks_or_capitals(make_folder, one, other, shown):
    folder = make_folder({"train.txt": f"a\tr\t{one}\nb\tr\ta\nb\tr\t{other}\n"})
    (said,) = warnings(folder)
    assert said == (
        f"{folder}/train.txt:3: 1 name is written in several ways, by entities that differ only in "
        f"Unicode form, blanks or capitals: {shown}. Write each in one way, unless they are meant "
        f"to be several: mygo init graph-2 {folder}/train.txt --unify"
    )


def test_without_a_command_where_it_would_lose_names(make_folder):
    files = {"train.txt": "A\tr\ta\n", "entities.tsv": "A\tOne\na\tTwo\n"}
    assert warnings(make_folder(files))[0].endswith("unless they are meant to be several.")


@pytest.mark.parametrize("ending", ["txt", "txt.gz"])
def test_a_header_in_any_language_among_many_facts(make_folder, ending):
    rows = [("Sujet", "Prédicat", "Objet"), *facts(400)]
    folder = make_folder({f"train.{ending}": text(rows)})
    (said,) = warnings(folder)
    assert "looks like a header and is read as a fact: Sujet, Prédicat, Objet." in said
    if ending == "txt":
        command = said.partition("Delete it: ")[2].partition(";")[0]
        subprocess.run(command, shell=True, check=True)
        assert warnings(folder) == []
        assert len(read_graph(folder).train) == 400


def test_a_first_fact_alone_among_others_that_are(make_folder):
    rows = [("x", "s", "y"), *facts(400), ("v", "q", "w")]
    assert not warnings(make_folder({"train.txt": text(rows)}))
