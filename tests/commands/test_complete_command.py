"""`mygo complete`: the same facts in every format, and nothing lost when it is stopped."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from small_world import CROPS, all_triples

from mygo_cli import open_run
from mygo_cli.completion import completion
from mygo_cli.completion.questions import Request
from mygo_cli.graph.reading import read_graph
from mygo_cli.runs.expected import expected_precision

FACTS = set(all_triples())
FIELDS = [
    *("rank", "head", "relation", "tail", "head_name", "tail_name", "asked"),
    *("plausibility", "probability", "score", "expected"),
]


@pytest.fixture
def complete(mygo, trained):
    """Return a function that asks the trained run for facts."""

    def run(*words):
        return mygo("complete", "-q", "--runs-dir", trained, "--device", "cpu", *words)

    return run


def facts(complete, *words):
    ended = complete(*words, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


def test_unlinked(complete):
    joined = {frozenset((head, tail)) for head, _, tail in FACTS}
    usual = facts(complete, "--top", 1000)
    expected = [row for row in usual if frozenset((row["head"], row["tail"])) not in joined]
    found = facts(complete, "--top", 1000, "--unlinked")
    assert 0 < len(found) < len(usual)
    assert list(map(fact, found)) == list(map(fact, expected))


def test_missing(complete):
    ended = complete("--missing")  # every country grows, borders and likes something
    assert (ended.code, ended.out) == (1, "")
    assert "small has no such blank cell that is usually filled. Leave out --missing" in ended.err
    usual = facts(complete)
    stated('[grows]\ndomain = ["crop"]\nfunctional = true\n[likes]\nrange = ["crop"]\n')
    words = ("--top", 1000, "--missing", "--schema", "schema.toml")
    found = facts(complete, *words)
    assert {row["asked"] for row in found if row["relation"] == "grows"} == {"tail"}
    assert sorted(row["head"] for row in found if row["relation"] == "grows") == sorted(CROPS)
    assert {row["tail"] for row in found if row["relation"] == "likes"} == set(CROPS)
    assert facts(complete, *words, "--side", "head", "--relation", "likes")
    assert facts(complete) == usual


def stated(text):
    Path("schema.toml").write_text(text, encoding="utf-8")


def test_a_list_of_other_statements_is_another(complete):
    words = (*WORDS, "facts.tsv", "--missing", "--schema", "schema.toml")
    stated('[grows]\ndomain = ["crop"]\n[likes]\ndomain = ["crop"]\nrange = ["crop"]\n')
    with ctrl_c(after=1):
        assert complete(*words).code == 130
    stated('[grows]\ndomain = ["crop"]\n')
    assert "was begun with another --schema." in complete(*words).err
    ended = complete(*WORDS, "facts.tsv")
    assert "was begun with another --missing." in ended.err


@pytest.fixture
def anew(mygo, copied):
    """Return a function that asks a run nobody else has asked yet, and its folder."""
    (folder,) = (path for path in copied.iterdir() if path.is_dir())
    (folder / "expected.json").unlink(missing_ok=True)

    def run(*words):
        ended = mygo("complete", "--runs-dir", copied, "--device", "cpu", *words, "--json")
        assert ended.code == 0
        return json.loads(ended.out), ended.err

    return run, folder / "expected.json"


def test_what_to_expect(anew):
    ask, kept = anew
    found, said = ask("--top", 700)
    values = [row["expected"] for row in found if row["expected"] is not None]
    assert values == sorted(values, reverse=True)  # the less plausible, the fewer
    assert 0 < values[0] < 1
    assert all(row["expected"] is None for row in found[len(values) :])
    about = re.search(
        r"By facts held out, about (\d+) of the first 10, (\d+) of the first 100", said
    )
    assert [int(each) for each in about.groups()] == [round(sum(values[:n])) for n in (10, 100)]
    content = kept.read_text()
    assert ask("--top", 700) == (found, said)
    assert kept.read_text() == content
    kept.write_text(content.replace('"epoch"', '"other"'))  # it is measured again
    assert ask("--top", 700) == (found, said)
    assert kept.read_text() == content
    assert ask("--top", 9, "--side", "tail")[0][0]["expected"] is not None
    assert len(json.loads(kept.read_text())["curves"]) == 2


def test_of_a_large_graph_some_questions_are_asked(copied, monkeypatch):
    (folder,) = (path for path in copied.iterdir() if path.is_dir())
    run = open_run(folder, device="cpu")
    asked = []

    def score(queries):
        asked.append(len(queries.entity))
        return run.scorer(queries)

    whole = expected_precision(score, run.graph, Request())
    count = sum(asked)
    asked.clear()
    monkeypatch.setattr("mygo_cli.runs.expected.MOST_SCORES", 24 * len(run.graph.entities))
    some = expected_precision(score, run.graph, Request())
    assert sum(asked) <= 24 < count
    assert some is not None
    monkeypatch.setattr("mygo_cli.runs.expected.MOST_SCORES", count * len(run.graph.entities))
    assert expected_precision(score, run.graph, Request()) == whole


def test_nothing_to_expect(anew):
    ask, kept = anew
    found, said = ask("--entity", "peru", "--pairs", "all")
    assert {row["expected"] for row in found} == {None}
    assert "held out" not in said
    assert not kept.exists()


def test_a_damaged_file_and_one_that_cannot_be_written(anew):
    ask, kept = anew
    found, _ = ask("--top", 9)
    kept.write_text("[]")
    assert ask("--top", 9)[0] == found
    kept.unlink()
    kept.mkdir()
    again, said = ask("--top", 9)
    assert again == found
    assert "The precision to expect is not kept:" in said


def test_no_validation_split(anew, world, tmp_path):
    bare = Path(shutil.copytree(world, tmp_path / "bare"))
    with (bare / "train.txt").open("a") as file:
        file.write((bare / "valid.txt").read_text())
    (bare / "valid.txt").unlink()
    found, said = anew[0]("--data", bare, "--top", 9)
    assert {row["expected"] for row in found} == {None}
    assert "held out" not in said


def fact(row):
    return row["head"], row["relation"], row["tail"]


def test_what_is_found(complete):
    found = facts(complete, "--top", 9999)
    assert list(found[0]) == FIELDS
    assert [row["rank"] for row in found] == list(range(1, len(found) + 1))
    assert len({fact(row) for row in found}) == len(found) > 500
    assert not FACTS & {fact(row) for row in found}
    assert all(row["head"] != row["tail"] for row in found)  # the graph has no loops
    values = [row["plausibility"] for row in found]
    assert values == sorted(values, reverse=True)
    assert {row["asked"] for row in found} == {"head", "tail"}
    assert found[0]["head_name"] == found[0]["head"].replace("_", " ").title()


def test_the_best_are_the_first_of_more(complete):
    everything = facts(complete, "--top", 9999)
    for top in (1, 7, 100):
        assert facts(complete, "--top", top) == everything[:top]
    assert facts(complete) == everything[:100]


def test_numbers_are_those_of_rank(complete, mygo, trained):
    for row in facts(complete, "--top", 6):
        missing = ("--head", row["head"]) if row["asked"] == "tail" else ("--tail", row["tail"])
        words = ("--relation", row["relation"], *missing, "--top", 99, "--json")
        answers = json.loads(mygo("rank", "--runs-dir", trained, "--device", "cpu", *words).out)
        (same,) = (answer for answer in answers if fact(answer) == fact(row))
        assert same["known"] is None
        assert same["score"] == pytest.approx(row["score"], rel=1e-4)
        assert same["probability"] == pytest.approx(row["probability"], rel=1e-3)
        known = sum(answer["known"] is not None for answer in answers)
        assert row["plausibility"] == pytest.approx(known * row["probability"], rel=1e-9)


def test_table(complete):
    ended = complete("--top", 3)
    assert (ended.code, ended.err) == (0, "")
    lines = [line.split() for line in ended.out.splitlines() if line.strip()]
    headers = ["rank", "head", "relation", "tail", "asked", "plausibility", "expected"]
    assert lines[0] == headers
    assert [line[0] for line in lines[2:]] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["--relation", "GROWS"], lambda row: row["relation"] == "grows"),
        (["--side", "head"], lambda row: row["asked"] == "head"),
        (["--side", "tail", "--relation", "likes"], lambda row: row["asked"] == "tail"),
        (
            ["--entity", "New Zealand"],
            lambda row: row["head" if row["asked"] == "tail" else "tail"] == "new_zealand",
        ),
    ],
)
def test_parts_of_the_graph(complete, words, kept):
    found = facts(complete, "--top", 9999, *words)
    assert found
    assert all(map(kept, found))


def test_a_relation_alone_has_the_facts_that_it_has_among_all(complete):
    everything = [row for row in facts(complete, "--top", 9999) if row["relation"] == "grows"]
    alone = facts(complete, "--top", 9999, "--relation", "grows")
    assert [fact(row) for row in alone] == [fact(row) for row in everything]


def test_all_pairs(complete):
    """A crop grows nothing, so far; asked of every entity, facts come up that were out of reach."""
    seen = facts(complete, "--top", 9999, "--relation", "grows", "--side", "tail")
    every = facts(
        complete, "--top", 9999, "--relation", "grows", "--side", "tail", "--pairs", "all"
    )
    assert {row["head"] for row in every} - {row["head"] for row in seen} == set(CROPS)
    assert {fact(row) for row in seen} < {fact(row) for row in every}
    one = facts(complete, "--top", 9999, "--entity", "tea", "--pairs", "all")
    assert {row["relation"] for row in one} == {"grows", "borders", "likes"}


def test_the_batch_size_changes_nothing(complete):
    expected = facts(complete, "--top", 50)
    for size in (1, 7):
        found = facts(complete, "--top", 50, "--batch-size", size)
        assert [row["plausibility"] for row in found] == pytest.approx(
            [row["plausibility"] for row in expected], rel=1e-4
        )


# Files


def read(path: Path) -> list[dict[str, object]]:
    if path.suffix == ".parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
        return parquet.read_table(path).to_pylist()
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return list(csv.DictReader(io.StringIO(text), delimiter="\t" if path.suffix == ".tsv" else ","))


@pytest.mark.parametrize("kind", ["tsv", "csv", "jsonl", "parquet"])
def test_every_format_holds_the_same(complete, kind, tmp_path):
    folder = tmp_path / "neue Fakten 事実"
    folder.mkdir()
    path = folder / f"best.{kind}"
    ended = complete("--top", 40, "--output", path)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"{path}: 40 facts from ")
    expected = facts(complete, "--top", 40)
    if kind in ("tsv", "csv"):
        expected = [{name: str(cell) for name, cell in row.items()} for row in expected]
    assert read(path) == expected
    assert [file.name for file in folder.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", ["tsv", "csv", "jsonl"])
def test_formats_on_the_terminal_are_those_of_files(complete, kind, tmp_path):
    ended = complete("--top", 5, "--format", kind)
    complete("--top", 5, "--output", "facts.out", "--format", kind)
    assert ended.out == (tmp_path / "facts.out").read_text()


def test_json_about_a_file(complete):
    said = json.loads(complete("--top", 5, "--output", "facts.tsv", "--json").out)
    assert (said["output"], said["facts"]) == ("facts.tsv", 5)
    assert said["questions"] == said["asked"] > 50
    assert said["seconds"] > 0


# Stopped


@contextmanager
def ctrl_c(after):
    """Let the terminal press Ctrl-C after so many blocks."""
    ask = completion.complete

    def pressing(*arguments):
        for number, done in enumerate(ask(*arguments), 1):
            if number == after:
                signal.raise_signal(signal.SIGINT)
            yield done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(completion, "complete", pressing)
        yield


WORDS = ("--top", 60, "--batch-size", 10, "--output")


@pytest.mark.parametrize("kind", ["tsv", "jsonl", "parquet"])
def test_ctrl_c_and_the_same_command(complete, kind, tmp_path):
    assert complete(*WORDS, f"straight.{kind}").code == 0
    path = tmp_path / f"broken.{kind}"
    path.write_text("the facts of last week")
    with ctrl_c(after=3):
        ended = complete(*WORDS, path.name)
    assert (ended.code, ended.out) == (130, "")
    message = ended.err.splitlines()[-1]
    assert message.startswith("Error: Interrupted; 30 of ")
    assert message.endswith(" questions are done and saved. The same command goes on.")
    assert path.read_text() == "the facts of last week"
    again = complete("--json", *WORDS, path.name)
    assert again.code == 0
    said = json.loads(again.out)
    assert said["asked"] == said["questions"] - 30
    assert path.read_bytes() == (tmp_path / f"straight.{kind}").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == [path.name, f"straight.{kind}"]


SLOW = """
import sys, time
from mygo_cli.completion import completion
from mygo_cli.app import main
completion.SECONDS_BETWEEN_SAVES, ask = 0, completion.complete
def slowly(*arguments):
    for done in ask(*arguments):
        yield done
        print("done", done, file=sys.stderr, flush=True)
        time.sleep(0.05)
completion.complete = slowly
main()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_stopped_from_outside(complete, trained, how, tmp_path):
    assert complete(*WORDS, "straight.csv").code == 0
    words = ["complete", "--runs-dir", trained, "--device", "cpu", *WORDS, "broken.csv"]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, *map(str, words)],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        while process.stderr.readline() != "done 30\n":
            pass
        process.send_signal(how)
        said = process.stderr.read()
    assert process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL)
    assert ("The same command goes on." in said) is (how == signal.SIGINT)
    assert not (tmp_path / "broken.csv").exists()
    again = json.loads(complete("--json", *WORDS, "broken.csv").out)
    assert again["asked"] < again["questions"]
    assert (tmp_path / "broken.csv").read_bytes() == (tmp_path / "straight.csv").read_bytes()


def test_ctrl_c_without_a_file(complete):
    with ctrl_c(after=2):
        ended = complete("--batch-size", 10)
    assert (ended.code, ended.out) == (130, "")
    assert "Interrupted after 20 of" in ended.err
    assert "nothing was saved. With --output FILE" in ended.err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--top", 61], "--top"),
        (["--side", "head"], "--side"),
        (["--relation", "grows"], "--relation"),
        (["--entity", "peru"], "--entity"),
        (["--entity", "peru", "--pairs", "all"], "--entity"),
    ],
)
def test_what_was_stopped_is_not_taken_for_another(complete, words, named):
    with ctrl_c(after=1):
        assert complete(*WORDS, "facts.tsv").code == 130
    ended = complete(*WORDS, "facts.tsv", *words)
    assert (ended.code, ended.err) == (
        1,
        f"Error: facts.tsv.unfinished was begun with another {named}. "
        "Give --force to begin again, or name another --output.\n",
    )
    assert complete(*WORDS, "facts.tsv", *words, "--force").code == 0
    assert not Path("facts.tsv.unfinished").exists()


def test_another_graph(mygo, trained, world, tmp_path):
    moved = Path(shutil.copytree(world, tmp_path / "moved"))
    words = ("complete", "--runs-dir", trained, "--data", moved, *WORDS, "facts.tsv")
    with ctrl_c(after=1):
        assert mygo(*words).code == 130
    with (moved / "train.txt").open("a") as file:
        file.write("kenya\tborders\tkenya\n")
    assert "facts.tsv.unfinished was begun with another graph." in mygo(*words).err
    shutil.copy(world / "train.txt", moved)
    assert mygo(*words).code == 0


def test_another_model(mygo, train, tmp_path):
    words = ("complete", *WORDS, tmp_path / "facts.tsv")
    assert train("--epochs", 1).code == 0
    with ctrl_c(after=1):
        assert mygo(*words).code == 130
    assert train("--epochs", 2).code == 0  # the newest run is another one now
    assert "facts.tsv.unfinished was begun with another model." in mygo(*words).err


# Mistakes and full disks


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--output", "facts.txt"], "facts.txt does not say its format. End it in .tsv, .csv"),
        (["--output", "."], "--output . is a folder. Name a file in it."),
        (["--format", "parquet"], "--format parquet needs a file. Name one with --output."),
        (["--format", "csv", "--json"], "--json and --format csv exclude each other."),
        (["--force"], "--force begins a file again. Name it with --output."),
        (["--pairs", "all"], "Name a --relation or an --entity with it."),
        (["--missing", "--pairs", "all", "--entity", "peru"], "exclude each other. Leave one out."),
        (["--schema", "x.toml"], "--schema says what is missing. Give --missing with it."),
        (["--relation", "grow"], "No relation grow in small. Did you mean grows?"),
        (["--entity", "Kenia"], "No entity Kenia in small. Did you mean kenya"),
    ],
)
def test_wrong_usage(complete, words, message):
    ended = complete(*words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("words", [["--top", 0], ["--side", "left"], ["--format", "xlsx"]])
def test_values_that_there_are_not(complete, words):
    assert complete(*words).code == 2


def test_no_such_question(complete):
    ended = complete("--entity", "tea", "--side", "tail")
    assert (ended.code, ended.err) == (
        1,
        "Error: small holds no fact that answers such a question. "
        "Give --pairs all to ask nevertheless.\n",
    )


def test_no_run_yet(mygo):
    ended = mygo("complete")
    assert (ended.code, ended.err) == (
        1,
        "Error: mygo-work/runs holds no finished run. Train one with mygo train.\n",
    )


def test_no_such_folder(complete, tmp_path):
    ended = complete("--output", "nowhere/facts.tsv")
    assert ended.code == 1
    assert "nowhere/facts.tsv" in ended.err
    assert "cannot be written: there is no folder" in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(complete, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    ended = complete("--output", "closed/facts.tsv")
    assert ended.code == 1
    assert "cannot be written: Permission denied." in ended.err


FULL = """
import resource, sys
from mygo_cli import records
from mygo_cli.app import main
save = records.save_rows
def full(*arguments):
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    save(*arguments)
records.save_rows = full
main()
"""


@pytest.mark.parametrize("kind", ["tsv", "jsonl", "parquet"])
def test_a_full_disk_costs_no_question(complete, trained, kind, tmp_path):
    words = ["complete", "--runs-dir", trained, "--device", "cpu", "--output", f"facts.{kind}"]
    ended = subprocess.run(
        [sys.executable, "-c", FULL, *map(str, words)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    error = f"Error: facts.{kind} cannot be written: File too large."
    assert ended.stderr.splitlines()[1:] == [error]  # the first line says which run answers
    assert [file.name for file in tmp_path.iterdir()] == [f"facts.{kind}.unfinished"]
    again = json.loads(complete("--output", f"facts.{kind}", "--json").out)
    assert (again["asked"], again["facts"]) == (0, 100)


@pytest.mark.skipif(shutil.which("bash") is None, reason="the recipe is for a shell")
@pytest.mark.parametrize("end", ["\n", ""])
def test_facts_appended_as_the_page_says(mygo, trained, world, end):
    graph = Path(shutil.copytree(world, "my-graph"))
    lines = (graph / "train.txt").read_text(encoding="utf-8").rstrip("\n")
    (graph / "train.txt").write_text(lines + end, encoding="utf-8")
    ended = mygo("complete", "--runs-dir", trained, "--top", 5, "--output", "facts.tsv")
    assert ended.code == 0
    page = (Path(__file__).parents[2] / "docs" / "completion.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"^    (.* >> my-graph/train\.txt)$", page, flags=re.M)
    subprocess.run(["bash", "-c", recipe], check=True)
    assert len(read_graph(graph).train) == len(read_graph(world).train) + 5
    assert mygo("data", "check", "--data", graph, "--no-media").code == 0
