"""`mygo explain`: what an answer rests on, in the terminal and as a page."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from token_fakes import Grey, Letters
from web_pages import Page

import mygo_cli as mygo_package

WORDS = ("--head", "kenya", "--relation", "grows")


@pytest.fixture
def explain(mygo, trained):
    """Return a function that explains answers of the trained run."""
    return lambda *words: mygo("explain", "-q", "--runs-dir", trained, "--device", "cpu", *words)


def explained(explain, *words):
    ended = explain(*words, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


def test_the_best_answer(explain, mygo, trained):
    found = explained(explain, *WORDS)
    ranked = mygo("rank", "--runs-dir", trained, "--device", "cpu", *WORDS, "--top", 1, "--json")
    (best,) = json.loads(ranked.out)
    assert (found["answer"], found["rank"]) == (best["tail"], 1)
    assert found["score"] == pytest.approx(best["score"], rel=1e-5)
    sides = {row["side"]: row["entity"] for row in found["changes"]}
    assert sides == {"asked": "kenya", "answer": best["tail"]}
    sizes = [abs(row["change"]) for row in found["changes"]]
    assert sizes == sorted(sizes, reverse=True)
    for row in found["changes"]:
        assert row["score"] - row["change"] == pytest.approx(found["score"], abs=1e-5)


def test_a_whole_fact_from_either_side(explain):
    tail = explained(explain, *WORDS, "--tail", "tea")
    head = explained(explain, *WORDS, "--tail", "tea", "--ask", "head")
    assert (tail["answer"], head["answer"]) == ("tea", "kenya")
    assert tail["score"] != head["score"]


def test_tokens_have_names(explain):
    found = explained(explain, "--head", "japan", *WORDS[2:], "--tail", "tea")
    of_japan = [row for row in found["changes"] if row["entity"] == "japan"]
    assert {row["part"] for row in of_japan} == {"structure", "image", "text"}
    pictures = [
        row["what"] for row in of_japan if row["part"] == "image" and row["token"] is not None
    ]
    assert pictures
    assert all(re.fullmatch(r"token \d+: 1\.png \d+x", what) for what in pictures)
    assert {"embedding", "all tokens"} <= {row["what"] for row in of_japan}


def test_the_table(explain):
    ended = explain(*WORDS, "--tail", "tea", "--top", 3)
    assert (ended.code, ended.err) == (0, "")
    lines = [line for line in ended.out.splitlines() if line.strip()]
    assert re.match(
        r"Tea as the answer to \(Kenya, grows, \?\): score -?\d+\.\d{4}, rank \d+", lines[0]
    )
    assert lines[1].split() == ["of", "side", "without", "score", "change", "rank", "attention"]
    assert len(lines) == 3 + 3 + 5 + 1 + 5
    rivals = lines[6:11]
    assert [line.split()[0] for line in rivals] == ["answer"] * 5
    assert [("explained" in line) == ("Tea" in line) for line in rivals] == [True] * 5
    assert "near, no cause" in lines[11]
    assert all(" grows " in line for line in lines[12:])


def test_the_best_answers_beside_it(explain, mygo, trained):
    words = ("--runs-dir", trained, "--device", "cpu", *WORDS, "--top", 20, "--json")
    ranked = json.loads(mygo("rank", *words).out)
    best = explained(explain, *WORDS)["answers"]
    assert [row["explained"] for row in best] == [True, *[False] * 4]
    last = explained(explain, *WORDS, "--tail", ranked[11]["tail"])["answers"]
    assert [row["explained"] for row in last] == [*[False] * 4, True]
    for found, expected in ((best, ranked[:5]), (last, [*ranked[:4], ranked[11]])):
        assert [row["entity"] for row in found] == [row["tail"] for row in expected]
        for name in ("rank", "name", "known"):
            assert [row[name] for row in found] == [row[name] for row in expected]
        for name in ("score", "probability", "confidence"):
            own = [row[name] for row in found if row[name] is not None]
            others = [row[name] for row in expected if row[name] is not None]
            assert own == pytest.approx(others, rel=1e-5)


def test_what_may_not_answer_is_explained_beside_the_best(explain):
    found = explained(explain, *WORDS, "--tail", "kenya")
    assert found["answer"] == "kenya"
    assert [row["rank"] for row in found["answers"]] == [1, 2, 3, 4, 5]
    assert not any(row["explained"] for row in found["answers"])


def test_the_nearest_training_facts(explain, trained):
    run = mygo_package.open_run(device="cpu", runs_dir=trained)
    graph = run.graph
    head, relation, tail = graph.train[0].tolist()
    names = graph.entities[head], graph.relations[relation], graph.entities[tail]
    words = ("--head", names[0], "--relation", names[1], "--tail", names[2])
    near = explained(explain, *words)["nearest"]
    train = {tuple(names_of(graph, fact)) for fact in graph.train.tolist()}
    facts = [(row["head"], row["relation"], row["tail"]) for row in near]
    assert len(facts) == 5
    assert set(facts) <= train - {names}
    sums = [row["head_cosine"] + row["tail_cosine"] for row in near]
    assert sums == sorted(sums, reverse=True)
    for row in near:
        assert (row["head"] != names[0]) or row["head_cosine"] == pytest.approx(1)
    assert explained(explain, *words, "--ask", "head")["nearest"] == near  # one and the same fact


def names_of(graph, fact):
    head, relation, tail = fact
    return graph.entities[head], graph.relations[relation], graph.entities[tail]


def test_attention_is_shared_out(explain):
    found = explained(explain, "--head", "japan", *WORDS[2:], "--tail", "tea")
    for entity in ("japan", "tea"):
        own = [row for row in found["changes"] if row["entity"] == entity]
        parts = {row["part"]: row["attention"] for row in own if row["token"] is None}
        assert 0 < sum(parts.values()) < 1  # the rest stays with [ENT] itself
        for part in {"image", "text"} & set(parts):
            tokens = [row["attention"] for row in own if row["part"] == part and row["token"]]
            assert sum(tokens) <= parts[part] + 1e-6


def test_the_only_training_fact_of_its_relation(copied):
    run = mygo_package.open_run(device="cpu", runs_dir=copied)
    relation = run.graph.train[0, 1]
    others = run.graph.train[run.graph.train[:, 1] != relation]
    train = np.concatenate([run.graph.train[:1], others])
    run = dataclasses.replace(run, graph=dataclasses.replace(run.graph, train=train))
    found = run.explain(*names_of(run.graph, train[0].tolist()))
    assert len(found.near) == 0
    assert found.record()["nearest"] == []
    assert "The nearest training facts" in str(found)


def rebuilt(cache, device):
    return SimpleNamespace(tokenizer=Grey() if cache.header.modality == "image" else Letters())


def test_the_page(explain, tmp_path, monkeypatch):
    monkeypatch.setattr("mygo_cli.tokens.show.rebuild", rebuilt)
    ended = explain("--head", "japan", *WORDS[2:], "--tail", "tea", "--html", tmp_path / "a.html")
    assert ended.code == 0
    page = Page((tmp_path / "a.html").read_text(encoding="utf-8"))
    assert page.faults == []
    assert "Tea as the answer to (Japan, grows, ?)" in page.text
    assert len(page.pictures) > 1
    assert "The best answers to the same question" in page.text
    assert "explained here" in page.text
    assert "Near is not cause" in page.text
    assert "It is not what the answer rests on" in page.text
    assert "Thecountry" in "".join(page.text.split())  # these tokens are letters, twelve of them


def test_the_page_without_the_tokenizers(explain, tmp_path):
    ended = explain("--head", "japan", *WORDS[2:], "--html", tmp_path / "a.html")
    assert ended.code == 0
    page = Page((tmp_path / "a.html").read_text(encoding="utf-8"))
    assert page.faults == []
    assert "tinted" not in (tmp_path / "a.html").read_text().partition("<body>")[2]


def drawn(path):
    """Return the pixels of a PNG file (H, 1200, 3)."""
    with Image.open(path) as picture:
        assert (picture.format, picture.width) == ("PNG", 1200)
        return np.asarray(picture.convert("RGB")).astype(int)


def test_one_picture(explain, tmp_path, monkeypatch):
    monkeypatch.setattr("mygo_cli.tokens.show.rebuild", rebuilt)
    path = tmp_path / "a.png"
    ended = explain("--head", "japan", *WORDS[2:], "--tail", "tea", "--png", path)
    assert (ended.code, ended.err) == (0, f"Wrote {path}.\n")
    pixels = drawn(path)
    assert (pixels[:20] == 255).all()  # a white margin
    blue, orange = (10, 106, 190), (215, 75, 10)
    assert any((pixels == colour).all(2).any() for colour in (blue, orange))  # frames
    assert ((pixels[..., 2] - pixels[..., 0]) > 40).any()  # words behind blue
    assert len(pixels) > 700


def test_one_picture_where_nothing_is_at_hand(mygo, copied, tmp_path):
    (run,) = copied.iterdir()
    config = (run / "config.toml").read_text()
    (run / "config.toml").write_text(re.sub(r'cache = ".*/', 'cache = "gone/', config))
    words = ("--runs-dir", copied, "--device", "cpu", *WORDS, "--png", tmp_path / "a.png")
    assert mygo("explain", *words, "--html", tmp_path / "a.html").code == 0
    assert drawn(tmp_path / "a.png").min() < 100
    assert "No tokens to show" in Page((tmp_path / "a.html").read_text()).text


ODD = 'a  b 河流 \x1b]0;x\x07 \u202e <script>alert(1)</script> "><img src=x> \udcff'


def test_odd_names_are_inert(copied, tmp_path, monkeypatch, caplog):
    from mygo_cli.files import as_utf8
    from mygo_cli.pages.explain_page import explain_page

    monkeypatch.setattr("mygo_cli.tokens.show.rebuild", rebuilt)
    run = mygo_package.open_run(device="cpu", runs_dir=copied)
    names = tuple(f"{name} {ODD * 20}" for name in run.graph.names)
    run = dataclasses.replace(run, graph=dataclasses.replace(run.graph, names=names))
    found = run.explain("japan", "grows", "tea")
    page = Page(as_utf8(explain_page(run, found)).decode())
    assert page.faults == []
    assert "<script>" in page.text
    monkeypatch.setattr("mygo_cli.tokens.letters._files", lambda: ("no-such-font.ttf",))
    found.save_png(tmp_path / "a.png")
    assert len(drawn(tmp_path / "a.png")) < 2000
    assert "No font here has 河 (such letters: 2): ? stands for them." in caplog.messages[-1]


def test_odd_names_in_the_table(mygo, copied, tmp_path):
    config = next(copied.iterdir()) / "config.toml"
    graph = Path(re.search(r'folder = "(.*)"', config.read_text())[1])
    odd = tmp_path / "odd"
    shutil.copytree(graph, odd)
    lines = (odd / "entities.tsv").read_text()
    (odd / "entities.tsv").write_text(lines.replace("\tTea\t", "\tTea \x1b]0;x\x07 茶\t"))
    words = ("--runs-dir", copied, "--data", odd, "--device", "cpu", *WORDS, "--tail", "tea")
    ended = mygo("explain", *words)
    assert ended.code == 0
    assert "\x1b" not in ended.out + ended.err
    assert "茶" in ended.out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_full_disk_is_one_line(explain):
    ended = explain(*WORDS, "--png", "/dev/full")
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "/dev/full cannot be written: No space left on device." in ended.err


def test_caches_that_are_gone(mygo, copied):
    (run,) = copied.iterdir()
    config = (run / "config.toml").read_text()
    (run / "config.toml").write_text(re.sub(r'cache = ".*/', 'cache = "gone/', config))
    ended = mygo("explain", "--runs-dir", copied, "--device", "cpu", "--head", "japan", *WORDS[2:])
    assert ended.code == 0
    assert "tokens are masked all at once only" in ended.err
    assert "all tokens" in ended.out
    assert not re.search(r"token \d ", ended.out)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Give two of head, relation and tail."),
        (
            ("--head", "kenya", "--tail", "tea"),
            "Which relation is meant? Give it and one of the two, or ask for it: "
            "mygo rank --head kenya --tail tea",
        ),
        (("--head", "kenya", "--relation", "grows", "--png", "x.gif"), "x.gif: not png."),
        (("--head", "kenia", "--relation", "grows"), "Did you mean"),
        ((*WORDS, "--html", "no/page.html"), "page.html cannot be written"),
        ((*WORDS, "--png", "no/picture.png"), "picture.png cannot be written"),
    ],
)
def test_mistakes_cost_one_line(explain, words, message):
    ended = explain(*words)
    assert ended.code in (1, 2)
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
