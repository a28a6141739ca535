"""Texts reach their entity, whatever their file looks like."""

from __future__ import annotations

import pytest

from mygo_cli.errors import DataError
from mygo_cli.graph.reading import read_graph

TRAIN = "a\tr\tb\nc\tr\ta\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("descriptions.tsv", "a\tOne,\nb\t\nx\tnobody\na\t two. \n"),
        ("descriptions.txt.gz", "Entity\tText\na\tOne,\ttwo.\ny\tz\n"),
        ("descriptions.csv", 'a,"One,\ntwo."\nz,nobody\n'),
    ],
)
def test_texts(make_folder, name, content):
    graph = read_graph(make_folder({"train.txt": TRAIN, name: content}))
    assert graph.descriptions() == ("One, two.", None, None)
    assert len(graph.description_file.unknown) == 1


def test_a_text_may_hold_what_a_name_may_not(make_folder):
    files = {"train.txt": TRAIN, "descriptions.tsv": "a\tOne\0two, three\n"}
    assert read_graph(make_folder(files)).descriptions()[0] == "One\0two, three"


def test_unknown_names_keep_their_first_line(make_folder):
    files = {"train.txt": TRAIN, "descriptions.tsv": "a\tb\nx\t1\nx\t2\n"}
    assert read_graph(make_folder(files)).description_file.unknown == {"x": 2}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"descriptions.tsv": "a\n"}, r"descriptions.tsv:1: 1 column, expected entity, text"),
        ({"descriptions.csv": "a,b,c\n"}, r"descriptions.csv:1: 3 columns.*quote a cell"),
        ({"descriptions.tsv": "a\0\tb\n"}, r"descriptions.tsv:1: a NUL byte in the entity"),
        ({"descriptions.tsv": ""}, r"descriptions.tsv: no descriptions. .*optional"),
        ({"descriptions.tsv": "", "descriptions.csv": ""}, r"csv and descriptions.tsv stand side"),
    ],
)
def test_faults(make_folder, files, message):
    folder = make_folder({"train.txt": TRAIN, **files})
    with pytest.raises(DataError, match=message):
        read_graph(folder).descriptions()
