"""`mygo score`: one fact, a file of them or standard input, and what is said of wrong ones."""

from __future__ import annotations

import csv
import gzip
import io
import json

import pytest
from small_world import all_triples

FACTS = set(all_triples())
PAIR = [("kenya", "grows", "tea"), ("south_korea", "likes", "kenya")]
TABS = "kenya\tgrows\tTea\nSouth Korea\tlikes\tkenya\n"
HEADED = 'Subject,Predicate,Object\nkenya,grows,tea\n"South Korea",likes,kenya\n'
TURNED = "tail\thead\trelation\ntea\tkenya\tgrows\nkenya\tsouth_korea\tlikes\n"


@pytest.fixture
def score(mygo, trained):
    """Return a function that asks the trained run."""

    def run(*words):
        return mygo("score", "-q", "--runs-dir", trained, "--device", "cpu", *words)

    return run


@pytest.fixture
def standard_input(monkeypatch):
    """Return a function that puts bytes there."""

    def put(content):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    return put


def scored(score, *words):
    ended = score(*words, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


def triples(rows):
    return [(row["head"], row["relation"], row["tail"]) for row in rows]


def test_one_fact(score):
    ended = score("Kenya", "grows", "tea")
    lines = [line.strip() for line in ended.out.splitlines() if line.strip()]
    (row,) = scored(score, "kenya", "GROWS", "Tea")
    assert lines[0].startswith("(Kenya, grows, Tea): ")
    assert lines[0].endswith(f"plausibility {row['plausibility']:.4f}")
    assert lines[1].split() == ["asked", "answer", "rank", "probability", "score"]
    for line, asked, side in ((3, "(Kenya, grows, ?)", "tail"), (4, "(?, grows, Tea)", "head")):
        assert lines[line].startswith(asked)
        assert f"{row[f'{side}_probability']:.4f}" in lines[line]
        assert lines[line].endswith(f"{row[f'{side}_score']:.4f}")


def test_it_says_of_the_tail_what_rank_says(score, mygo, trained):
    (row,) = scored(score, "kenya", "grows", "tea")
    words = ("--head", "kenya", "--relation", "grows", "--top", 100, "--runs-dir", trained)
    listed = json.loads(mygo("rank", *words, "--device", "cpu", "--json").out)
    (tea,) = (answer for answer in listed if answer["tail"] == "tea")
    assert row["tail_probability"] == pytest.approx(tea["probability"], rel=1e-4)
    assert row["known"] == tea["known"]
    rivals = [answer for answer in listed if answer["known"] is None and answer is not tea]
    better = sum(answer["score"] > tea["score"] for answer in rivals)
    assert row["tail_rank"] in (1 + better, 2 + better)  # kenya is a rival, too, as in evaluate


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("facts.tsv", TABS),
        ("facts.csv", HEADED),
        ("facts.csv.gz", HEADED),
        ("facts.txt.gz", TURNED),
    ],
)
def test_files(score, tmp_path, name, content):
    packed = gzip.compress if name.endswith(".gz") else bytes
    (tmp_path / name).write_bytes(packed(content.encode()))
    found = scored(score, "--file", tmp_path / name)
    assert triples(found) == PAIR
    assert [bool(row["known"]) for row in found] == [fact in FACTS for fact in PAIR]


@pytest.mark.parametrize("content", [TABS, HEADED, TURNED])
@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_standard_input(score, standard_input, content, packed):
    standard_input(packed(content.encode()))
    assert triples(scored(score, "--file", "-")) == PAIR


@pytest.mark.parametrize(("flag", "between"), [("--csv", ","), ("--tsv", "\t")])
def test_text_holds_what_json_holds(score, tmp_path, flag, between):
    (tmp_path / "facts.tsv").write_text(TABS)
    expected = scored(score, "--file", "facts.tsv")
    ended = score("--file", "facts.tsv", flag)
    rows = list(csv.DictReader(io.StringIO(ended.out), delimiter=between))
    assert list(rows[0]) == list(expected[0])
    for row, other in zip(rows, expected, strict=True):
        assert row["head_name"] == other["head_name"]
        assert float(row["head_rank"]) == other["head_rank"]
        assert (row["known"] or None) == other["known"]


def test_the_table_of_a_file(score, tmp_path):
    (tmp_path / "facts.tsv").write_text(TABS)
    lines = [line for line in score("--file", "facts.tsv").out.splitlines() if line.strip()]
    header = "head relation tail plausibility tail rank head rank known"
    assert lines[0].split() == header.split()
    assert len(lines) == 4
    assert lines[3].split()[:2] == ["South", "Korea"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"kenya\tgrows\ttea\nkenya\tgrows\n", "Error: standard input:2: 2 columns, expected"),
        (b"kenya\tgrows\ttea\na,b,c\n", "separated by tabs. Put one tab between columns."),
        (b"kenya,grows,tea\na\tb\tc\n", "Put one comma between columns, or one tab in every line."),
        (b"kenia,grows,tea", "standard input:1: No entity kenia in small. Did you mean kenya?"),
        (b"", "standard input: no triples."),
        (gzip.compress(b"kenya\tgrows\ttea", mtime=0)[:-9], "the gzip file is cut off or damaged"),
    ],
)
def test_wrong_standard_input(score, standard_input, content, message):
    standard_input(content)
    ended = score("--file", "-")
    assert (ended.code, ended.out) == (1, "")
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Give one fact or a file of them. mygo score HEAD RELATION TAIL"),
        (["kenya", "grows", "tea", "--file", "x"], "Give one fact or a file of them."),
        (["kenya", "grows"], "three parts, not 2"),
        (["South", "Korea", "grows", "tea"], 'Quote names that hold blanks: "South Korea".'),
        (["kenya", "grow", "tea"], "Did you mean grows?"),
        (["kenya", "grows", "tea", "--csv", "--json"], "--json and --csv exclude each other."),
    ],
)
def test_wrong_usage(score, words, message):
    ended = score(*words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
