"""`mygo report`: a page of a run, where it is wanted."""

from __future__ import annotations

import pytest
from web_pages import Page


@pytest.fixture
def report(mygo, copied):
    return lambda *words: mygo("report", "-q", *words, "--runs-dir", copied, "--device", "cpu")


def test_it_lies_in_the_run(report, copied):
    (run,) = copied.iterdir()
    ended = report()
    page = (run / "report.html").read_text(encoding="utf-8")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"{run / 'report.html'}: ")
    found = Page(page)
    assert found.faults == []
    assert "New Zealand" in found.text
    assert found.pictures  # half of the entities have one
    assert len(set(found.pictures)) <= 10


def test_where_it_is_wanted(report, copied, tmp_path):
    (run,) = copied.iterdir()
    ended = report(run.name, "--output", tmp_path / "page.html", "--top", 3)
    assert ended.code == 0
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.tags.count("input") == 3
    assert not (run / "report.html").exists()


def test_a_picture_that_cannot_be_read_is_left_out(report, world, tmp_path):
    graph = tmp_path / "graph"
    graph.mkdir()
    for file in world.glob("*.t*"):
        (graph / file.name).write_bytes(file.read_bytes())
    for name in ("japan", "peru"):
        (graph / "images" / name).mkdir(parents=True)
        (graph / "images" / name / "1.png").write_bytes(b"no picture")
    ended = report("--data", graph, "--output", tmp_path / "page.html")
    assert (ended.code, ended.err) == (0, "")
    assert Page((tmp_path / "page.html").read_text(encoding="utf-8")).pictures == []


def test_mistakes_cost_one_line(report, tmp_path):
    for words, message in (
        (
            ("--output", tmp_path / "no" / "page.html"),
            "cannot be written: there is no folder",
        ),
        (("nowhere",), "nowhere: no such run."),
    ):
        ended = report(*words)
        assert ended.code == 1
        assert message in ended.err
        assert len(ended.err.splitlines()) == 1


def test_a_page_is_html(report):
    ended = report("--output", "page.pdf")
    assert ended.code == 2
    assert ended.err == "Error: --output page.pdf: not html. End it in .html.\n"
