"""What a run, its answers and its explanations show in a notebook."""

from __future__ import annotations

import dataclasses

import pytest
from web_pages import Page

import mygo_cli as mygo

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.fixture
def run(copied):
    return mygo.open_run(device="cpu", runs_dir=copied)


@pytest.fixture
def evil(run):
    graph = dataclasses.replace(
        run.graph,
        name=EVIL,
        names=tuple(f"{name}{EVIL}" for name in run.graph.names),
        relations=tuple(f"{name}{EVIL}" for name in run.graph.relations),
    )
    return dataclasses.replace(run, graph=graph)


def shown(value):
    page = Page(value._repr_html_())
    assert page.faults == []
    return page


def test_a_run(run):
    text = shown(run).text
    assert run.name in text
    assert "20 entities, 3 relations" in text
    assert f"{run.evaluate('test').overall.mrr:.4f}" in text
    for content in ("", "[]", '{"splits": {}}'):
        run.folder.result.write_text(content)
        assert "Hits@10" not in shown(run).text
    run.folder.result.unlink()
    assert run.name in shown(run).text


def test_answers_have_pictures(run):
    graph = run.graph
    answers = run.rank(head="kenya", relation="likes", top=12)
    page = shown(answers)
    with_one = [answer for answer in answers if graph.pictures()[graph.entity_row[answer.entity]]]
    assert 0 < len(with_one) == len(page.pictures)
    assert "(Kenya, likes, ?)" in page.text
    assert shown(answers[:2]).tags.count("tr") == 3  # a part of them shows itself, too
    facts = run.complete(top=8)
    ends = [end for fact in facts for end in (fact.head, fact.tail)]
    assert len(shown(facts).pictures) == sum(
        bool(graph.pictures()[graph.entity_row[end]]) for end in ends
    )
    assert shown(run.rank(head="kenya", tail="tea")).pictures == []
    assert shown(run.score_facts([("japan", "likes", "peru")])).pictures


def test_long_tables_are_cut(run, monkeypatch):
    monkeypatch.setattr("mygo_cli.runs.notebook.MOST_ROWS", 5)
    monkeypatch.setattr("mygo_cli.runs.notebook.MOST_PICTURES", 2)
    page = shown(run.rank(head="kenya", relation="likes", top=12))
    assert page.tags.count("tr") == 6
    assert "7 more" in page.text
    assert len(page.pictures) <= 2


def test_an_unreadable_picture_is_left_out(run, monkeypatch):
    from mygo_cli.graph.pictures import BadPicture

    def broken(*_):
        raise BadPicture("it is broken")

    monkeypatch.setattr("mygo_cli.graph.pictures.read_picture", broken)
    assert shown(run.rank(head="kenya", relation="likes")).pictures == []


def test_an_explanation(run):
    found = run.explain(head="japan", relation="grows", tail="tea")
    page = shown(found)
    assert "Tea as the answer to (Japan, grows, ?)" in page.text
    assert f"rank {found.rank}" in page.text
    assert "structure" in page.text
    assert str(found).startswith("Tea as the answer")
    assert "The best answers to (Japan, grows, ?)" in page.text
    assert "The nearest training facts; near is not cause" in page.text
    assert "attention" in page.text
    assert len(found.rivals.to_pandas()) == len(found.near.to_pandas()) == 5
    assert run.explain(relation="grows", tail="tea").losses.title.endswith("(?, grows, Tea)")


def test_names_are_never_markup(evil):
    relation = evil.graph.relations[0]
    for value in (
        evil,
        evil.rank(head="kenya", relation=relation),
        evil.complete(top=3),
        evil.explain(head="kenya", relation=relation),
    ):
        assert EVIL in shown(value).text
