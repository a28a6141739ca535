"""`mygo rank` about an entity that is not in the graph, by its picture and text."""

from __future__ import annotations

import csv
import io
import json
import re
import struct
import zlib
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from small_world import CROPS
from token_fakes import Grey, Letters

from mygo_cli.graph.reading import read_graph
from mygo_cli.runs import unseen_reading
from mygo_cli.runs.opened import open_run
from mygo_cli.runs.unseen import Unseen

GROWS = ("--relation", "grows")


def rebuilt(cache, device):
    pictures = cache.header.modality == "image"
    return SimpleNamespace(tokenizer=Grey() if pictures else Letters(), flag="the tokenizer")


@pytest.fixture(autouse=True)
def _tokenizers(monkeypatch):
    monkeypatch.setattr("mygo_cli.tokenizing.unseen.rebuild", rebuilt)
    unseen_reading._opened.cache_clear()


@pytest.fixture
def rank(mygo, trained):
    """Return a function that asks the trained run."""
    return lambda *words: mygo("rank", "-q", "--runs-dir", trained, "--device", "cpu", *words)


@pytest.fixture
def known(world):
    """Return picture and text of an entity of the graph."""
    graph = read_graph(world)
    row = graph.entity_row["japan"]
    return graph.images / graph.pictures()[row][0], graph.descriptions()[row]


def picture(path, seed=7):
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def answers(rank, *words):
    ended = rank(*words, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


@pytest.mark.parametrize("select_by", ["frequency", "tfidf"])
def test_an_entity_of_the_graph_is_read_as_without_its_structure(
    mygo, train, world, caches, tmp_path, known, select_by, monkeypatch
):
    assert train("--runs-dir", tmp_path / "runs", "--select-by", select_by).code == 0
    image, text = known
    ask = ("-q", "--runs-dir", tmp_path / "runs", "--device", "cpu", *GROWS, "--json")
    ranked = mygo("rank", *ask, "--head-image", image, "--head-text", text, "--top", 100)
    by_name = {row["tail"]: row for row in json.loads(ranked.out)}
    for tail in ("tea", "maize", "dates"):
        explained = mygo("explain", *ask, "--head", "japan", "--tail", tail)
        changes = json.loads(explained.out)["changes"]
        (less,) = (row for row in changes if (row["side"], row["part"]) == ("asked", "structure"))
        assert by_name[tail]["score"] == pytest.approx(less["score"], abs=1e-4)
    monkeypatch.setattr("mygo_cli.tokens.show.rebuild", rebuilt)
    few = ("--image-tokens", 3, "--select-by", select_by, "--json")
    view = mygo("tokens", "show", "japan", "--data", world, "--cache-dir", caches, *few)
    kept = {row["token"] for row in json.loads(view.out)["image"]["kept"]}
    read = {row["token"] for row in changes if (row["entity"], row["part"]) == ("japan", "image")}
    assert read - {None} == kept


def test_every_entity_may_answer_and_none_is_known(rank, tmp_path):
    image = picture(tmp_path / "a.png")
    found = answers(rank, "--head-image", image, *GROWS, "--top", 100)
    assert [row["rank"] for row in found] == list(range(1, 21))
    assert sum(row["probability"] for row in found) == pytest.approx(1)
    assert [row["score"] for row in found] == sorted((r["score"] for r in found), reverse=True)
    assert {(row["head"], row["asked"]) for row in found} == {("new entity", "tail")}
    assert set(CROPS) < {row["tail"] for row in found}


def test_each_thing_that_is_told_counts(rank, tmp_path):
    one, two = picture(tmp_path / "a.png"), picture(tmp_path / "b.png", 8)
    told = [
        ("--head-image", one),
        ("--head-image", two),
        ("--head-image", one, "--head-image", two),
        ("--head-text", "zebra"),
        ("--head-image", one, "--head-text", "zebra"),
        ("--head-text", "quay"),
    ]
    scores = [answers(rank, *words, *GROWS, "--top", 1)[0]["score"] for words in told]
    assert len({round(score, 5) for score in scores}) == len(told)


def test_an_unseen_tail(rank):
    found = answers(rank, "--tail-text", "A crop", *GROWS, "--top", 3)
    assert {(row["tail"], row["asked"]) for row in found} == {("new entity", "head")}
    table = rank("--tail-text", "A crop", *GROWS, "--top", 3)
    lines = [line.strip() for line in table.out.splitlines() if line.strip()]
    assert lines[0] == "(?, grows, new entity)"
    assert lines[1].split() == ["rank", "entity", "name", "probability"]
    text = rank("--tail-text", "A crop", *GROWS, "--top", 3, "--csv").out
    assert [row["head"] for row in csv.DictReader(io.StringIO(text))] == [r["head"] for r in found]


def test_from_python(trained, known):
    run = open_run(device="cpu", runs_dir=trained)
    asked = Unseen([known[0]], known[1], "Nippon")
    found = run.rank(head=asked, relation="grows", top=2)
    assert found.title == "(Nippon, grows, ?)"
    assert [row.rank for row in found] == [1, 2]
    assert (
        run.rank(head=Unseen(str(known[0]), known[1]), relation="grows", top=2)[0].tail
        == found[0].tail
    )
    assert len(run.scorer.entities) == 20  # it is forgotten again


def huge_png(path: Path) -> None:
    """Write a small file that claims 60,000 x 60,000 pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        sum_of = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", sum_of)

    size = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_text("import os\n"), "not a picture that can be read"),
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (lambda path: path.write_bytes(picture(path).read_bytes()[:100]), "the file is cut short"),
        (lambda path: path.mkdir(), "not a file"),
        (lambda path: None, "no such file or directory"),
        (huge_png, "more than 67,108,864 pixels"),
    ],
)
def test_no_picture(rank, tmp_path, write, message):
    write(tmp_path / "a.png")
    ended = rank("--head-image", tmp_path / "a.png", *GROWS)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"Error: {tmp_path / 'a.png'}: {message}")
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--head-text", " \n", *GROWS), "The text is blank. Describe"),
        (("--head-text", "", *GROWS), "The text is blank."),
        (("--head-text", "\udcff", *GROWS), "The text is not UTF-8."),
        (("--head-text", "a", "--relation", "grow"), "Did you mean grows?"),
        (("--head-text", "a"), "Which relation of the unseen entity is asked?"),
        (("--head-text", "a", "--tail", "tea", *GROWS), "takes the place of one side"),
        (("--head-text", "a", "--head", "peru", *GROWS), "takes the place of one side"),
        (("--head-text", "a", "--tail-text", "b", *GROWS), "takes the place of one side"),
        (("--head-text", "a", "--file", "x"), "takes the place of one side"),
    ],
)
def test_mistakes_cost_one_line(rank, words, message):
    ended = rank(*words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_text_of_which_nothing_is_read(rank, monkeypatch):
    monkeypatch.setattr(Letters, "encode", lambda self, texts: [[32, 32] for _ in texts])
    ended = rank("--head-text", "the of", *GROWS)
    assert (ended.code, ended.out) == (2, "")
    assert "There is nothing to read of the unseen entity." in ended.err


def test_a_run_without_pictures(train, mygo, tmp_path):
    assert train("--no-image", "--runs-dir", tmp_path / "runs").code == 0
    words = ("rank", "--runs-dir", tmp_path / "runs", "--device", "cpu", "-q", *GROWS)
    ended = mygo(*words, "--head-image", picture(tmp_path / "a.png"))
    assert (ended.code, ended.out) == (2, "")
    assert "reads no pictures. Leave the picture out" in ended.err
    assert mygo(*words, "--head-text", "a country").code == 0


def test_a_cache_that_is_gone_or_another_one(mygo, copied, world, tmp_path):
    (run,) = copied.iterdir()
    words = ("rank", "-q", "--runs-dir", copied, "--device", "cpu", *GROWS, "--head-text", "a")
    config = (run / "config.toml").read_text()
    (run / "config.toml").write_text(re.sub(r'cache = ".*/', 'cache = "gone/', config))
    ended = mygo(*words)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("Error: gone/")
    assert "no such file" in ended.err
    images = re.search(r'cache = "(.*image.*)"', config)
    (run / "config.toml").write_text(re.sub(r'"[^"]*text-[^"]*"', f'"{images[1]}"', config))
    ended = mygo(*words)
    assert (ended.code, ended.out) == (1, "")
    assert f"is not what the run {run.name} was trained on any more." in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_model_without_experts(train, mygo, tmp_path):
    assert train("--expert-dim", 0, "--runs-dir", tmp_path / "runs").code == 0
    words = ("--head-image", picture(tmp_path / "a.png"), "--head-text", "kenya", *GROWS)
    ended = mygo("rank", "-q", "--runs-dir", tmp_path / "runs", "--device", "cpu", *words, "--json")
    assert (ended.code, ended.err) == (0, "")
    assert len(json.loads(ended.out)) == 10


# Files of them


@pytest.fixture
def table(tmp_path):
    """Return a function that writes a file of questions in a folder with pictures of its own."""
    folder = tmp_path / "asked"
    (folder / "new" / "two").mkdir(parents=True)
    picture(folder / "new" / "a.png")
    picture(folder / "new" / "two" / "1.png")
    picture(folder / "new" / "two" / "2.png", 8)
    (folder / "new" / "two" / "notes.txt").write_text("not a picture")
    (folder / "empty").mkdir()
    (folder / "bad.png").write_text("import os")

    def write(*rows, name="q.tsv"):
        between = "," if ".csv" in name else "\t"
        (folder / name).write_text("".join(between.join(row) + "\n" for row in rows))
        return folder / name

    return write


def test_a_file_of_them(rank, table, monkeypatch):
    file = table(
        ("Head image", "head_text", "relation", "name"),
        ("new/a.png", "zebra", "grows", "Zebraland"),
        ("new/a.png", "zebra", "likes", "Zebraland"),
        ("new/two", "", "grows", ""),
    )
    folder = file.parent / "new"
    monkeypatch.chdir(folder)  # pictures are looked for from the file
    found = answers(rank, "--file", file, "--top", 2)
    assert [row["head"] for row in found] == ["Zebraland"] * 4 + ["line 4"] * 2
    alone = [
        answers(rank, *words, "--top", 2)
        for words in (
            ("--head-image", folder / "a.png", "--head-text", "zebra", *GROWS),
            ("--head-image", folder / "a.png", "--head-text", "zebra", "--relation", "likes"),
            ("--head-image", folder / "two/1.png", "--head-image", folder / "two/2.png", *GROWS),
        )
    ]
    for row, other in zip(found, chain(*alone), strict=True):
        assert row == {**other, "head": row["head"]}
    lines = rank("--file", file, "--top", 1, "-f", "table").out.splitlines()
    assert "(Zebraland, likes, ?)" in lines
    assert "(line 4, grows, ?)" in lines


def test_tails_and_commas(rank, table):
    file = table(("tail_text", "relation"), ("A crop", "grows"), name="q.csv")
    found = answers(rank, "--file", file, "--top", 3)
    asked = answers(rank, "--tail-text", "A crop", *GROWS, "--top", 3)
    assert found == [{**row, "tail": "line 2"} for row in asked]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("new/b.png", "", "grows", "")], "q.tsv:3: there is no picture {folder}/new/b.png. Name"),
        ([("empty", "", "grows", "")], "q.tsv:3: no picture lies in the folder {folder}/empty."),
        ([("bad.png", "", "grows", "")], "q.tsv:3: {folder}/bad.png: not a picture that can be"),
        ([("new/a.png", "", "grow", "")], "q.tsv:3: No relation grow in small. Did you mean grows"),
        ([("", "", "grows", "")], "q.tsv:3: no side is described. Describe the head or the tail"),
        ([("", "x", "grows", "y")], "q.tsv:3: both sides are described."),
        ([("", "x", "", "")], "q.tsv:3: the relation is empty."),
        ([("z",) * 7], "q.tsv:3: 7 columns, expected relation, head_image, [head_text]"),
    ],
)
def test_a_bad_line_costs_one_line(rank, table, rows, message):
    header = ("head_image", "head_text", "relation", "tail_text")
    file = table(header, ("", "fine", "grows", ""), *rows)
    ended = rank("--file", file)
    assert (ended.code, ended.out) == (1, "")
    assert message.format(folder=file.parent) in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("head_text", "relation", "tail")], "q.tsv:1: not a header of descriptions. Its columns"),
        ([("head_text", "name")], "q.tsv:1: not a header of descriptions."),
        ([("head_text", "relation")], "q.tsv: no questions. Write one a line below the header."),
    ],
)
def test_a_bad_header_costs_one_line(rank, table, rows, message):
    ended = rank("--file", table(*rows))
    assert (ended.code, ended.out) == (1, "")
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
