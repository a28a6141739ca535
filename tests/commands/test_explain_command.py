"""`mygo explain`: what an answer rests on, in the terminal and as a page."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest
from token_fakes import Grey, Letters
from web_pages import Page

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
    assert lines[1].split() == ["of", "side", "without", "score", "change", "rank"]
    assert len(lines) == 3 + 3


def rebuilt(cache, device):
    return SimpleNamespace(tokenizer=Grey() if cache.header.modality == "image" else Letters())


def test_the_page(explain, tmp_path, monkeypatch):
    monkeypatch.setattr("mygo_cli.tokens.show.rebuild", rebuilt)
    ended = explain("--head", "japan", *WORDS[2:], "--tail", "tea", "--html", tmp_path / "a.html")
    assert ended.code == 0
    page = Page((tmp_path / "a.html").read_text(encoding="utf-8"))
    assert page.faults == []
    assert "Tea as the answer to (Japan, grows, ?)" in page.text
    assert page.pictures
    assert "Thecountry" in "".join(page.text.split())  # these tokens are letters, twelve of them


def test_the_page_without_the_tokenizers(explain, tmp_path):
    ended = explain("--head", "japan", *WORDS[2:], "--html", tmp_path / "a.html")
    assert ended.code == 0
    page = Page((tmp_path / "a.html").read_text(encoding="utf-8"))
    assert (page.faults, page.pictures) == ([], [])


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
        (("--head", "kenya", "--tail", "tea"), "Give two of head, relation and tail."),
        (("--head", "kenia", "--relation", "grows"), "Did you mean"),
        ((*WORDS, "--html", "no/page.html"), "page.html cannot be written"),
    ],
)
def test_mistakes_cost_one_line(explain, words, message):
    ended = explain(*words)
    assert ended.code in (1, 2)
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
