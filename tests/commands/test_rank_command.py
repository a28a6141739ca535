"""`mygo rank`: questions in, answers out, and what is said about questions that make no sense."""

from __future__ import annotations

import csv
import io
import json
import shutil

import pytest
from small_world import CROPS, all_triples

FACTS = set(all_triples())


@pytest.fixture
def rank(mygo, trained):
    """Return a function that asks the trained run."""

    def run(*words):
        return mygo("rank", "-q", "--runs-dir", trained, "--device", "cpu", *words)

    return run


def answers(rank, *words):
    ended = rank(*words, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


def test_table(rank):
    ended = rank("--head", "kenya", "--relation", "grows", "--top", 4)
    assert ended.code == 0
    assert ended.err == ""
    lines = [line.rstrip() for line in ended.out.splitlines() if line.strip()]
    assert lines[0] == "(Kenya, grows, ?)"
    assert lines[1].split() == ["rank", "entity", "name", "probability", "confidence", "fact"]
    assert [line.split()[0] for line in lines[3:]] == ["1", "2", "3", "4"]


def test_json(rank):
    found = answers(rank, "--head", "kenya", "--relation", "grows", "--top", 100)
    assert [row["rank"] for row in found] == list(range(1, 20))  # all but kenya
    assert sum(row["probability"] for row in found) == pytest.approx(1)
    assert [row["score"] for row in found] == sorted((r["score"] for r in found), reverse=True)
    assert {(row["head"], row["relation"], row["asked"]) for row in found} == {
        ("kenya", "grows", "tail")
    }
    for row in found:
        fact = (row["head"], row["relation"], row["tail"])
        assert (row["known"] in ("train", "valid", "test")) is (fact in FACTS)
        assert row["name"] == row["tail"].replace("_", " ").title()


def test_csv_holds_what_json_holds(rank):
    words = ("--relation", "grows", "--tail", "tea", "--top", 5)
    ended = rank(*words, "--csv")
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    expected = answers(rank, *words)
    assert [row["head"] for row in rows] == [row["head"] for row in expected]
    assert [float(row["score"]) for row in rows] == [row["score"] for row in expected]
    assert [row["known"] or None for row in rows] == [row["known"] for row in expected]
    assert {row["asked"] for row in rows} == {"head"}


def test_hidden_facts(rank):
    words = ("--head", "kenya", "--relation", "grows", "--top", 100)
    hidden = answers(rank, *words, "--hide-known")
    assert {row["known"] for row in hidden} == {None}
    new = [row["tail"] for row in answers(rank, *words) if row["known"] is None]
    assert [row["tail"] for row in hidden] == new
    assert [row["rank"] for row in hidden] == list(range(1, len(new) + 1))
    assert sum(row["probability"] for row in hidden) == pytest.approx(1)


@pytest.mark.parametrize("name", ["new_zealand", "New Zealand", "NEW ZEALAND", " new zealand "])
def test_ids_and_display_names(rank, name):
    found = answers(rank, "--head", name, "--relation", "GROWS", "--top", 1)
    assert found[0]["head"] == "new_zealand"


def test_confidence_is_of_new_answers(rank, trained):
    words = ("--head", "kenya", "--relation", "grows", "--top", 100)
    rows = answers(rank, *words)
    assert all((row["confidence"] is None) is (row["known"] is not None) for row in rows)
    new = [row["confidence"] for row in rows if row["known"] is None]
    assert new == sorted(new, reverse=True)  # a rising curve
    hidden = answers(rank, *words, "--hide-known")
    assert [row["confidence"] for row in hidden] == pytest.approx(new)  # hidden or not
    (run,) = trained.iterdir()
    assert json.loads((run / "calibration.json").read_text())["epoch"] == 3


def test_an_older_run_is_calibrated_when_it_is_asked(mygo, copied):
    (run,) = copied.iterdir()
    written = (run / "calibration.json").read_bytes()
    (run / "calibration.json").unlink()
    words = ("--head", "kenya", "--relation", "grows", "--runs-dir", copied, "--device", "cpu")
    assert mygo("rank", *words).code == 0
    assert (run / "calibration.json").read_bytes() == written


def test_asked_twice_the_same_is_answered(rank):
    words = ("--head", "peru", "--relation", "likes", "--json")
    assert rank(*words).out == rank(*words).out


# The relation that is missing


def test_relations_between_two_entities(rank):
    found = answers(rank, "--head", "kenya", "--tail", "Tea", "--top", 100)
    assert {row["relation"] for row in found} == {"grows", "borders", "likes"}
    assert [row["rank"] for row in found] == [1, 2, 3]
    assert {(row["head"], row["tail"], row["asked"]) for row in found} == {
        ("kenya", "tea", "relation")
    }
    for row in found:
        fact = (row["head"], row["relation"], row["tail"])
        assert (row["known"] in ("train", "valid", "test")) is (fact in FACTS)
        for side, other in (("tail", "head"), ("head", "tail")):
            words = (f"--{other}", row[other], "--relation", row["relation"], "--top", 100)
            alone = next(one for one in answers(rank, *words) if one[side] == row[side])
            assert row[f"{side}_probability"] == pytest.approx(alone["probability"], rel=1e-4)
    ended = rank("--head", "kenya", "--tail", "Tea")
    assert ended.out.splitlines()[0].strip() == "(Kenya, ?, Tea)"


def test_relations_stand_in_the_order_of_plausibility(rank):
    """The mean of both sides, each times the number of answers that the graph holds."""
    found = answers(rank, "--head", "kenya", "--tail", "peru", "--top", 100)
    for row in found:
        tails = sum(fact[:2] == ("kenya", row["relation"]) for fact in FACTS)
        heads = sum(fact[1:] == (row["relation"], "peru") for fact in FACTS)
        both = row["tail_probability"] * max(1, tails) * row["head_probability"] * max(1, heads)
        assert row["plausibility"] == pytest.approx(both**0.5, rel=1e-6)
    values = [row["plausibility"] for row in found]
    assert values == sorted(values, reverse=True)


def test_known_relations_are_hidden(rank):
    head, relation, tail = sorted(FACTS)[0]
    words = ("--head", head, "--tail", tail)
    assert relation in [row["relation"] for row in answers(rank, *words)]
    hidden = answers(rank, *words, "--hide-known")
    assert relation not in [row["relation"] for row in hidden]
    assert [row["rank"] for row in hidden] == list(range(1, len(hidden) + 1))


def test_an_entity_beside_itself(rank, world, tmp_path):
    words = ("--head", "kenya", "--tail", "Kenya")
    ended = rank(*words)
    assert (ended.code, ended.out) == (2, "")
    assert "No relation of small joins an entity to itself. Name two entities." in ended.err
    looped = shutil.copytree(world, tmp_path / "looped")
    with (looped / "train.txt").open("a") as file:
        file.write("peru\tlikes\tperu\n")
    assert [row["relation"] for row in answers(rank, *words, "--data", looped)] == ["likes"]


@pytest.mark.parametrize(("flag", "between"), [("--csv", ","), ("--tsv", "\t")])
def test_relations_as_text(rank, flag, between):
    ended = rank("--head", "kenya", "--tail", "tea", flag)
    rows = list(csv.DictReader(io.StringIO(ended.out), delimiter=between))
    found = answers(rank, "--head", "kenya", "--tail", "tea")
    assert [row["relation"] for row in rows] == [row["relation"] for row in found]
    assert [float(row["plausibility"]) for row in rows] == [row["plausibility"] for row in found]


# Files of questions


def test_a_file_of_questions(rank, tmp_path):
    file = tmp_path / "questions.tsv"
    file.write_text("\ufeffkenya\tgrows\t?\r\n\n ? \tgrows\tTea\nPeru\tlikes\t?", encoding="utf-8")
    found = answers(rank, "--file", file, "--top", 2)
    assert [(row["asked"], row["relation"], row["rank"]) for row in found] == [
        *(("tail", "grows", 1), ("tail", "grows", 2)),
        *(("head", "grows", 1), ("head", "grows", 2)),
        *(("tail", "likes", 1), ("tail", "likes", 2)),
    ]
    alone = answers(rank, "--head", "kenya", "--relation", "grows", "--top", 2)
    assert [row["tail"] for row in found[:2]] == [row["tail"] for row in alone]
    scores = [row["score"] for row in alone]
    assert [row["score"] for row in found[:2]] == pytest.approx(scores, rel=1e-4)
    assert "(?, grows, Tea)" in rank("--file", file).out


def test_many_questions(rank, tmp_path):
    file = tmp_path / "questions.tsv"
    file.write_text("".join(f"?\tgrows\t{CROPS[n % len(CROPS)]}\n" for n in range(300)))
    found = answers(rank, "--file", file, "--top", 1)
    assert len(found) == 300
    assert found[: len(CROPS)] == found[len(CROPS) : 2 * len(CROPS)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("kenya\tgrows", "2 columns, expected head, relation, tail separated by tabs."),
        ("kenya grows ?", "1 column, expected head, relation, tail separated by tabs."),
        ("kenya\tgrows\ttea", "not a question."),
        ("?\tgrows\t?", "not a question."),
        ("kenia\tgrows\t?", "No entity kenia in small. Did you mean kenya?"),
        ("kenya\tgrow\t?", "No relation grow in small. Did you mean grows?"),
        ("?\tgrows\tTee", "No entity Tee in small."),
    ],
)
def test_a_wrong_line_is_named(rank, tmp_path, line, message):
    file = tmp_path / "questions.tsv"
    file.write_text(f"kenya\tgrows\t?\n\n{line}\n")
    ended = rank("--file", file)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"Error: {file}:3: {message}")
    assert len(ended.err.splitlines()) == 1


def test_files_that_cannot_be_read(rank, tmp_path):
    assert "nowhere.tsv: no such file." in rank("--file", "nowhere.tsv").err
    (tmp_path / "empty.tsv").write_text("\n \n")
    assert "empty.tsv: no questions. Write one a line" in rank("--file", "empty.tsv").err
    (tmp_path / "latin.tsv").write_bytes("Perú\tlikes\t?".encode("latin-1"))
    assert "latin.tsv:1: not UTF-8" in rank("--file", "latin.tsv").err


# Mistakes


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--head", "Kenia", "--relation", "grows"], "No entity Kenia in small. Did you mean"),
        (["--head", "kenya", "--relation", "grow"], "Did you mean grows?"),
        (["--head", "kenya"], "Give two of --head, --relation and --tail. mygo rank --head X"),
        ([], "Ask one question or a file of them."),
        (["--relation", "grows"], "Give two of --head, --relation and --tail."),
        (["--head", "kenya", "--relation", "grows", "--tail", "tea"], "That is a whole fact"),
        (
            ["--head", "New Zealand", "--relation", "grows", "--tail", "tea", "--run", "small"],
            "or ask: mygo score 'New Zealand' grows tea --run small",
        ),
        (["--head", "kenya", "--tail", "tee"], "No entity tee in small."),
        (["--file", "x", "--head", "kenya"], "--file brings its own heads"),
        (["--file", "x", "--relation", "grows"], "--file brings its own heads"),
        (["--head", "kenya", "--tail", "tea", "--tsv", "--csv"], "exclude each other"),
        (["--head", "kenya", "--relation", "grows", "--json", "--csv"], "exclude each other"),
        (["--head", "kenya", "--relation", "grows", "--device", "cuda:99"], "--device cuda:99"),
    ],
)
def test_wrong_usage(rank, words, message):
    ended = rank(*words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1


def test_no_run_yet(mygo):
    for words in (["rank", "--head", "kenya", "--relation", "grows"], ["evaluate"]):
        ended = mygo(*words)
        assert (ended.code, ended.err) == (
            1,
            "Error: mygo-work/runs holds no finished run. Train one with mygo train.\n",
        )


def test_a_run_by_name_and_by_path(rank, mygo, trained):
    (run,) = trained.iterdir()
    words = ("--head", "kenya", "--relation", "grows", "--json")
    assert rank("--run", run.name, *words).code == 0
    assert mygo("rank", "--run", run, "--device", "cpu", *words).code == 0
    ended = rank("--run", "other", *words)
    assert ended.code == 1
    assert ended.err == (
        f"Error: other: no such run. Runs lie in {trained}. "
        f"List them with: mygo runs --runs-dir {trained}\n"
    )


def test_it_says_which_run_answers(mygo, copied):
    (run,) = copied.iterdir()
    words = ("--runs-dir", copied, "--device", "cpu", "--head", "kenya", "--relation", "grows")
    for more in ([], ["--json"], ["--run", run.name[:8]]):
        ended = mygo("rank", *words, *more)
        assert (ended.code, ended.err) == (0, f"Run {run.name} answers, on the graph small.\n")
    (run / "result.json").unlink()
    ended = mygo("rank", *words)
    assert "holds no finished run. Unless it is still training, go on with" in ended.err
    ended = mygo("rank", *words, "--run", run)
    assert ended.err.endswith("on the graph small. It is not finished.\n")


def test_the_graph_moved(rank, world, trained, tmp_path):
    """The same graph in another folder will do; one of other entities will not."""
    (run,) = trained.iterdir()
    words = ("--head", "kenya", "--relation", "grows")
    moved = shutil.copytree(world, tmp_path / "moved")
    assert answers(rank, *words, "--data", moved) == answers(rank, *words)
    with (moved / "entities.tsv").open("a") as file:
        file.write("atlantis\n")
    ended = rank(*words, "--data", moved)
    assert ended.code == 1
    assert f"holds no finished run of the graph {moved}. Train one with: mygo train" in ended.err
    ended = rank(*words, "--data", moved, "--run", run.name)
    assert ended.code == 1
    assert f"was trained on the graph small; the entities of {moved} are others." in ended.err
    lines = (world / "entities.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
    (moved / "entities.tsv").write_text("".join(reversed(lines)), encoding="utf-8")
    ended = rank(*words, "--data", moved)
    assert ended.code == 1
    assert "are the same in another order" in ended.err
    shutil.copy(world / "entities.tsv", moved)
    with (moved / "train.txt").open("a") as file:
        file.write("kenya\tadmires\tperu\n")
    ended = rank(*words, "--data", moved, "--run", run.name)
    assert ended.code == 1
    assert f"the relations of {moved} are others. Name its folder with --data" in ended.err


def test_a_new_fact_is_known_at_once(rank, world, tmp_path):
    words = ("--head", "kenya", "--relation", "grows", "--top", 20)
    best_new = next(row for row in answers(rank, *words) if row["known"] is None)
    grown = shutil.copytree(world, tmp_path / "grown")
    with (grown / "train.txt").open("a") as file:
        file.write(f"kenya\tgrows\t{best_new['tail']}\n")
    again = answers(rank, *words, "--data", grown)
    assert next(r for r in again if r["tail"] == best_new["tail"])["known"] == "train"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: (run / "checkpoints/best.pt").write_bytes(b"?"), "is damaged or no checkpoi"),
        (
            lambda run: (run / "config.toml").write_text("[model]\ndim = 16\nheads = 2\n"),
            "does not",
        ),
        (lambda run: (run / "config.toml").write_text("[model]\nwidth = 16\n"), "unknown setting"),
        (lambda run: (run / "config.toml").write_text("dim: 3\n"), "config.toml is not TOML"),
        (lambda run: (run / "checkpoints/best.pt").unlink(), "holds no model: it stopped before"),
    ],
)
def test_a_damaged_run(mygo, copied, damage, message):
    (run,) = copied.iterdir()
    damage(run)
    words = ("--head", "kenya", "--relation", "grows", "--device", "cpu")
    ended = mygo("rank", "--runs-dir", copied, "--run", run.name, *words)
    assert ended.code in (1, 2)
    assert message in ended.err
    assert str(run) in ended.err
    assert len(ended.err.splitlines()) == 1
