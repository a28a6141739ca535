"""A completion that is stopped goes on where it was; what it left behind is never mistaken."""

from __future__ import annotations

import random
import signal
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from brute_force import random_table, table_scores

from mygo_cli.completion import completion
from mygo_cli.completion.completion import find_facts, known_facts_sha256
from mygo_cli.completion.questions import seen_questions
from mygo_cli.completion.search import NO_FACTS, Facts
from mygo_cli.completion.unfinished import Unfinished
from mygo_cli.device import Portion
from mygo_cli.errors import DataError, Interrupted
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.progress import silent

SETTINGS = {"model": "abc", "--top": 25}


@pytest.fixture(scope="module")
def graph():
    rows = np.unique(np.random.default_rng(0).integers(0, (20, 2, 20), (80, 3)), axis=0)
    names = tuple(f"e{number}" for number in range(20))
    return KnowledgeGraph("twenty", Path(), names, ("r", "s"), names, ("",) * 20, rows)


@pytest.fixture(scope="module")
def score():
    return table_scores(random_table(20, 2, 9, np.random.default_rng(1)))


@pytest.fixture
def unfinished(tmp_path):
    return Unfinished(tmp_path / "facts.tsv.unfinished", SETTINGS)


def find(score, graph, unfinished=None, progress=silent):
    queries = seen_questions(graph)
    return find_facts(score, graph, queries, 25, Portion(10, "questions"), unfinished, progress)


def same(found: Facts, expected: Facts):
    return all(
        np.array_equal(ours, theirs) and ours.dtype == theirs.dtype
        for ours, theirs in zip(found, expected, strict=True)
    )


def ctrl_c_after(block):
    """Return a watcher that presses Ctrl-C once so many blocks are done."""
    looks = []

    def progress(what, done, total):
        looks.append(done)
        if len(looks) == block + 1:
            signal.raise_signal(signal.SIGINT)

    return progress


def test_ctrl_c_and_on(score, graph, unfinished):
    straight = find(score, graph)
    assert straight.asked == straight.questions == len(seen_questions(graph).entity)
    with pytest.raises(Interrupted, match=r"20 of \d\d questions are done and saved\. The same"):
        find(score, graph, unfinished, ctrl_c_after(2))
    shown = []
    again = find(score, graph, unfinished, lambda what, done, total: shown.append(done))
    assert shown[0] == 20
    assert again.asked == again.questions - 20
    assert same(again.facts, straight.facts)


def test_stopped_after_every_block(score, graph, unfinished):
    for _ in range(99):
        try:
            again = find(score, graph, unfinished, ctrl_c_after(1))
            break
        except Interrupted:
            continue
    assert again.asked <= 10
    assert same(again.facts, find(score, graph).facts)


def test_ctrl_c_without_a_file_to_go_on_from(score, graph):
    with pytest.raises(Interrupted, match=r"after 10 of \d\d questions; nothing was saved"):
        find(score, graph, progress=ctrl_c_after(1))


def test_ctrl_c_at_the_last_block_is_too_late(score, graph, unfinished):
    def progress(what, done, total):
        if done == total:
            signal.raise_signal(signal.SIGINT)

    assert same(find(score, graph, unfinished, progress).facts, find(score, graph).facts)


def test_what_is_saved_on_the_way(score, graph, unfinished, monkeypatch):
    """A kill loses no more than what came after the last save."""
    monkeypatch.setattr(completion, "SECONDS_BETWEEN_SAVES", 0)

    def killed(what, done, total):
        if done == 30:
            raise MemoryError

    with pytest.raises(MemoryError):
        find(score, graph, unfinished, killed)
    done, facts = unfinished.load()
    assert done == 20
    assert len(facts.key) == 25
    assert same(find(score, graph, unfinished).facts, find(score, graph).facts)


def test_once_done_nothing_is_asked_again(score, graph, unfinished):
    expected = find(score, graph, unfinished).facts

    def never(queries):
        raise AssertionError("nothing is asked")

    again = find(never, graph, unfinished)
    assert again.asked == 0
    assert same(again.facts, expected)


def test_a_folder_that_cannot_be_written_is_noticed_before_any_work(graph, tmp_path):
    def never(queries):
        raise AssertionError("nothing is asked")

    with pytest.raises(DataError, match="cannot be written: No such file or directory"):
        find(never, graph, Unfinished(tmp_path / "nowhere" / "x", SETTINGS))


# The file


@pytest.fixture
def saved(unfinished):
    facts = Facts(
        np.array([3, 1]),
        np.array([-0.5, -1.0]),
        np.array([-1.0, -2.0]),
        np.array([2.5, 1.5], dtype=np.float32),
        np.array([True, False]),
    )
    unfinished.save(40, facts)
    return unfinished, facts


def test_there_and_back(saved):
    unfinished, facts = saved
    done, found = unfinished.load()
    assert done == 40
    assert same(found, facts)
    unfinished.remove()
    assert not unfinished.path.exists()
    unfinished.remove()
    done, found = unfinished.load()
    assert (done, len(found.key)) == (0, 0)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"model": "other", "--top": 25}, "model"),
        ({"model": "abc", "--top": 26}, "--top"),
        ({"model": "abc", "--top": 25, "--side": "head"}, "--side"),
    ],
)
def test_other_settings_are_never_taken_for_these(saved, settings, named):
    unfinished, _ = saved
    other = Unfinished(unfinished.path, settings)
    with pytest.raises(DataError, match=rf"was begun with another {named}\. Give --force"):
        other.load()
    other.save(0, NO_FACTS)  # a beginning can be anyone's
    assert unfinished.load()[0] == 0


def test_force_begins_again(score, graph, saved):
    unfinished, _ = saved
    forced = Unfinished(unfinished.path, {"model": "other"}, force=True)
    with pytest.raises(Interrupted, match="The same command without --force goes on"):
        find(score, graph, forced, ctrl_c_after(1))
    assert Unfinished(unfinished.path, {"model": "other"}).load()[0] == 10
    forced.path.write_bytes(b"damaged")
    assert find(score, graph, forced).asked == len(seen_questions(graph).entity)


def test_damage(saved):
    unfinished, _ = saved
    whole = unfinished.path.read_bytes()
    for content in (b"", b"text", whole[:50], whole[:-30], b"PK\x03\x04 not a zip"):
        unfinished.path.write_bytes(content)
        with pytest.raises(DataError, match=r"is damaged\. Give --force to begin again"):
            unfinished.load()


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bytes_raise_nothing_else(saved, seed):
    unfinished, _ = saved
    chance, damaged = random.Random(seed), bytearray(unfinished.path.read_bytes())
    for _ in range(3):
        damaged[chance.randrange(len(damaged))] ^= chance.randrange(1, 256)
    unfinished.path.write_bytes(damaged)
    with suppress(DataError):  # or nothing: a number may be another one and nobody can tell
        unfinished.load()


def test_other_files_in_its_place(saved, monkeypatch):
    unfinished, facts = saved
    with unfinished.path.open("wb") as file:
        np.savez(file, table=np.zeros(3))
    with pytest.raises(DataError, match="is damaged"):
        unfinished.load()
    monkeypatch.setattr("mygo_cli.completion.unfinished.VERSION", 2)
    unfinished.save(40, facts)
    monkeypatch.undo()
    with pytest.raises(DataError, match="is of another version of mygo"):
        unfinished.load()
    unfinished.path.unlink()
    unfinished.path.mkdir()
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        unfinished.load()


def test_nothing_that_the_file_names_is_run(saved):
    unfinished, _ = saved
    harm = unfinished.path.with_name("harm")

    class Evil:
        def __reduce__(self):
            return (harm.mkdir, ())

    with unfinished.path.open("wb") as file:
        np.savez(file, head=np.array([Evil()], dtype=object))
    with pytest.raises(DataError, match="is damaged"):
        unfinished.load()
    assert not harm.exists()


def test_the_identity_of_what_is_known(graph):
    def other(**parts):
        columns = {**vars(graph), **parts}
        return KnowledgeGraph(**{name: columns[name] for name in graph.__dataclass_fields__})

    mine = known_facts_sha256(graph)
    assert known_facts_sha256(other(name="moved", folder=Path("elsewhere"))) == mine
    assert known_facts_sha256(other(train=graph.train[:-1])) != mine
    assert known_facts_sha256(other(relations=("s", "r"))) != mine
    assert known_facts_sha256(other(entities=graph.entities[::-1])) != mine
    # A fact that moves to another split is as known as before.
    split = other(train=graph.train[1:], test=graph.train[:1])
    assert known_facts_sha256(split) == mine
