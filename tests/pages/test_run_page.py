"""The page of a run: what it says, that it loads nothing, and that names are only names."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from tiny_training import follow, new_fit, tiny_graph, tiny_settings, tiny_table
from web_pages import Page

from mygo_cli.pages.examples import choose_questions
from mygo_cli.pages.explain_page import explain_page
from mygo_cli.pages.run_page import curves, holding, part_losses, run_page
from mygo_cli.runs.explained import explain_answer
from mygo_cli.runs.opened import load_run

EVIL = '<script>alert("1")</script>'
ENTITY, RELATION = f"{EVIL}&<b>", 'x"><img src=x onerror=alert(1)>'


def trained(tmp_path, graph):
    (tmp_path / "graph").mkdir(parents=True)
    (tmp_path / "graph" / "train.txt").write_text("")
    graph = dataclasses.replace(graph, folder=tmp_path / "graph")
    fit = new_fit(tmp_path / "runs", tiny_settings(), graph, tiny_table(1), tiny_table(2))
    follow(fit)
    fit.folder.write_json(fit.folder.environment, {"command": ["mygo", EVIL], "packages": {}})
    return load_run(fit.folder, graph, torch.device("cpu"))


@pytest.fixture
def run(tmp_path):
    return trained(tmp_path, tiny_graph())


def test_it_says_what_the_run_says(run):
    page = Page(run_page(run, top=7))
    assert page.faults == []
    report = run.evaluate("test")
    for value in (report.overall.mrr, report.sides["head"].mrr, report.sides["tail"].hits[10]):
        assert f"{value:.3f}" in page.text
    for name, values in report.relations.items():
        assert name in page.text
        assert f"{values.mrr:.3f}" in page.text
    assert f"{run.calibration.after.error:.3f}" in page.text
    assert page.tags.count("input") == 7
    assert run.complete(top=1)[0].head in page.text
    assert f"mygo train --config {run.folder.config}" in page.text
    assert page.tags.count("svg") == 3
    for name, values in (report.classes | report.coverage).items():
        assert name in page.text
        assert f"{values.mrr:.3f}" in page.text


def test_what_each_part_adds(run):
    found = part_losses(run, "test")
    assert list(found) == ["structure", "image", "text"]
    whole = run.evaluate("test").overall
    assert {each.count for each in found.values()} == {whole.count}
    assert any(each.mrr != whole.mrr for each in found.values())
    page = Page(run_page(run)).text
    for each in found.values():
        assert f"{each.mrr - whole.mrr:+.3f}" in page


def test_how_many_facts_hold(run):
    facts = list(run.complete(top=3))
    sure = [dataclasses.replace(fact, expected=0.5) for fact in facts]
    assert holding(sure) == 1.5
    assert holding([dataclasses.replace(facts[0], expected=None), *sure]) is None
    assert holding([]) is None


def test_faults_of_the_graph(run, tmp_path):
    (tmp_path / "graph" / "train.txt").write_text("a\tr\n")
    text = Page(run_page(run)).text
    assert "error" in text
    assert "train.txt:1" in text
    assert "mygo data check" in text


def test_names_are_never_markup(tmp_path):
    tiny = tiny_graph()
    names = tuple(f"{ENTITY}{number}" for number in range(len(tiny.names)))
    relations = tuple(f"{RELATION}{number}" for number in range(len(tiny.relations)))
    graph = dataclasses.replace(
        tiny, name="<img src=x onerror=alert(1)>", names=names, relations=relations
    )
    page = Page(run_page(trained(tmp_path, graph), top=5))
    assert page.faults == []
    assert page.pictures == []
    assert f"{ENTITY}1" in page.text
    assert f"{RELATION}2" in page.text
    assert page.text.count(f"mygo '{EVIL}'") == 1


def test_without_test_and_without_validation(tmp_path):
    tiny = tiny_graph()
    none = tiny.test[:0]
    text = Page(run_page(trained(tmp_path / "a", dataclasses.replace(tiny, test=none)))).text
    assert "Of the valid split, best first" in text
    assert "no test triples to measure it on" in text
    bare = dataclasses.replace(tiny, test=none, valid=none)
    page = Page(run_page(trained(tmp_path / "b", bare)))
    assert page.faults == []
    assert "no validation triples" in page.text


def test_a_folder_with_less_in_it(run):
    run.folder.environment.unlink()
    run.folder.metrics.unlink()
    page = Page(run_page(run))
    assert "no record of its epochs" in page.text
    assert "Environment" not in page.text


def test_curves_of_what_there_is():
    history = [
        {"epoch": 1, "loss": 3.0, "contrastive": None, "validation_mrr": None},
        {"epoch": 2, "loss": 2.0, "contrastive": None, "validation_mrr": None, "test_mrr": 0.5},
    ]
    loss, looks = curves(history)
    assert [line.name for line in loss.lines] == ["loss"]
    assert len(loss.lines[0].corners) == 2
    assert [line.name for line in looks.lines] == ["test MRR (selected on test)"]
    assert curves([]) == []


def test_questions_are_of_the_most_frequent_relations(tmp_path):
    graph = dataclasses.replace(tiny_graph(), folder=tmp_path)
    questions = choose_questions(graph, graph.test)
    counts = np.bincount(graph.test[:, 1])
    assert [counts[each.relation] for each in questions] == sorted(counts, reverse=True)
    assert [each.head is None for each in questions] == [False, True, False]
    facts = {tuple(row) for row in graph.test.tolist()}
    assert all(
        any(each.asked in (head, tail) and each.relation == r for head, r, tail in facts)
        for each in questions
    )


def test_an_explanation_is_never_markup(tmp_path):
    tiny = tiny_graph()
    names = tuple(f"{ENTITY}{number}" for number in range(len(tiny.names)))
    relations = tuple(f"{RELATION}{number}" for number in range(len(tiny.relations)))
    graph = dataclasses.replace(tiny, names=names, relations=relations)
    run = trained(tmp_path, graph)
    page = Page(explain_page(run, explain_answer(run, "e1", relations[0], None)))
    assert page.faults == []
    assert f"{ENTITY}1, {RELATION}0, ?" in page.text
