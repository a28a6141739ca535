"""The pages of `mygo explore` and the same as JSON: search, answers, explanations, verdicts."""

from __future__ import annotations

import dataclasses
import html
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from mygo_cli.errors import DataError
from mygo_cli.explore.names import closeness, plain
from mygo_cli.explore.verdicts import COLUMNS, Verdicts
from mygo_cli.files import only_writer
from mygo_cli.settings.sections import ImageTokenSettings, TextTokenSettings

ORIGIN = {"origin": "http://127.0.0.1:8765"}
FACT = {"head": "kenya", "relation": "likes", "tail": "tea"}  # no country likes a crop
NO_IMAGE, NO_TEXT = ImageTokenSettings(use=False), TextTokenSettings(use=False)
EVIL = '"><script>alert(1)</script>'


@pytest.fixture
def client(browse):
    return browse()


def text_of(answer):
    assert answer.status_code == 200
    return html.unescape(
        re.sub(r"\s+", " ", re.sub(r"<style>.*</style>|<[^>]*>", " ", answer.text, flags=re.S))
    )


@pytest.mark.parametrize(
    ("typed", "name", "found"),
    [("peru", "peru", 0), ("PER", "Peru", 1), ("korea", "South_Korea", 2), ("ore", "Korea", 3),
     ("cote", "Côte d'Ivoire", 1), ("peru", "Chad", None)],
)  # fmt: skip
def test_closeness(typed, name, found):
    assert closeness(plain(typed), plain(name)) == found


def test_search(client):
    found = client.get("/api/search", params={"q": "ZEAL"}).json()["found"]
    assert [each["id"] for each in found] == ["new_zealand"]
    assert found[0]["name"] == "New Zealand"
    assert len(client.get("/api/search?q=a&limit=3").json()["found"]) == 3
    assert client.get("/api/search?q=").json()["found"] == []
    assert "New Zealand" in text_of(client.get("/?q=zeal"))
    assert "No entity of small has a name or id with this" in text_of(client.get("/?q=xyz"))
    assert client.get("/api/search?q=a&limit=many").status_code == 400


def test_an_entity(client, explorer):
    found = client.get("/api/entity/japan").json()
    graph = explorer.graph
    row = graph.find_entity("japan")
    assert found["text"] == "The country that is called japan."
    facts = graph.all_triples()
    own = (facts[:, 0] == row).sum() + (facts[:, 2] == row).sum()
    assert sum(len(group["facts"]) for group in found["facts"]) == own
    assert client.get(found["pictures"][0]).headers["content-type"] == "image/jpeg"
    shown = text_of(client.get("/entity?id=Japan"))
    assert "The country that is called japan." in shown
    assert all(group["relation"] in shown for group in found["facts"])


def test_answers_are_those_of_the_run(client, explorer):
    asked = {"relation": "grows", "tail": "tea", "top": 5}
    found = client.get("/api/rank", params=asked).json()
    rows = explorer.run.rank(relation="grows", tail="tea", top=5)
    assert [(row["head"], row["probability"]) for row in found["answers"]] == [
        (row.head, row.probability) for row in rows
    ]
    hidden = client.get("/api/rank", params={**asked, "known": "hide"}).json()["answers"]
    assert {row["known"] for row in hidden} == {None}
    page = client.get("/rank", params={"entity": "tea", "asked": "head", "relation": "grows"})
    assert "(?, grows, Tea)" in text_of(page)
    assert "confidence" in text_of(page)
    assert page.text.count('class="verdict"') == 20 - 1 - sum(
        row.known is not None for row in explorer.run.rank(relation="grows", tail="tea", top=19)
    )


def test_why(client):
    asked = {"head": "japan", "relation": "grows", "tail": "tea"}
    found = client.get("/api/explain", params=asked).json()
    assert found["answer"] == "tea"
    assert {"entity", "part", "what", "change", "attention"} <= set(found["changes"][0])
    assert [row["entity"] for row in found["answers"] if row["explained"]] == ["tea"]
    assert {row["relation"] for row in found["nearest"]} == {"grows"}
    page = text_of(client.get("/explain", params=asked))
    assert "Tea as the answer to (Japan, grows, ?)" in page
    assert "The best answers to the same question" in page
    assert "mygo explore" in page  # in the layout of the others
    assert "neither pictures nor texts" not in page


def test_tokens(client, explorer):
    page = text_of(client.get("/tokens?id=japan"))
    assert "Japan (japan)" in page
    assert "kept by" in page
    near = re.findall(r'href="/tokens\?id=([a-z_]+)"', client.get("/tokens?id=japan").text)
    assert near
    assert "japan" not in near
    assert 'href="/tokens?id=japan"' in client.get("/entity?id=japan").text
    assert client.get("/tokens?id=japn").status_code == 404
    bare = dataclasses.replace(explorer.run.settings.tokens, image=NO_IMAGE, text=NO_TEXT)
    settings = dataclasses.replace(explorer.run.settings, tokens=bare)
    explorer.run = dataclasses.replace(explorer.run, settings=settings)
    answer = client.get("/tokens?id=japan")
    assert answer.status_code == 500
    assert "are gone, or it read none" in answer.text


def test_why_without_tokens(client, explorer):
    settings = explorer.run.settings
    none = dataclasses.replace(
        settings.tokens,
        image=dataclasses.replace(settings.tokens.image, use=False),
        text=dataclasses.replace(settings.tokens.text, use=False),
    )
    explorer.run = dataclasses.replace(
        explorer.run, settings=dataclasses.replace(settings, tokens=none)
    )
    page = text_of(client.get("/explain?head=japan&relation=grows&tail=tea"))
    assert "The run read neither pictures nor texts" in page


def test_a_verdict(client, explorer):
    for verdict in ("accept", "reject"):
        answer = client.post("/api/verdicts", json={**FACT, "verdict": verdict}, headers=ORIGIN)
        assert answer.json() == {**FACT, "verdict": verdict}
    lines = [line.split("\t") for line in explorer.verdicts.path.read_text().splitlines()]
    assert [line[1:] for line in lines] == [
        list(COLUMNS[1:]), [*FACT.values(), "accept"], [*FACT.values(), "reject"],
    ]  # fmt: skip
    assert client.get("/api/verdicts").json()["verdicts"] == [{**FACT, "verdict": "reject"}]
    asked = {"head": "kenya", "relation": "likes", "top": 20}
    answers = client.get("/api/rank", params=asked).json()["answers"]
    assert [row["verdict"] for row in answers if row["tail"] == "tea"] == ["reject"]


def test_a_verdict_by_form_leads_back(client, explorer):
    here = "http://127.0.0.1:8765/rank?head=kenya&relation=likes"
    for came_from, leads in ((here, here), (None, "http://127.0.0.1:8765/")):
        headers = ORIGIN | ({"referer": came_from} if came_from else {})
        answer = client.post(
            "/verdicts", data={**FACT, "verdict": "accept"}, headers=headers, follow_redirects=False
        )
        assert (answer.status_code, answer.headers["location"]) == (303, leads)
    outside = ORIGIN | {"referer": "http://evil.example//evil.example/x"}
    answer = client.post(
        "/verdicts", data={**FACT, "verdict": "accept"}, headers=outside, follow_redirects=False
    )
    assert answer.headers["location"].startswith("http://127.0.0.1:8765/")
    assert 'aria-pressed="true"' in client.get(here + "&top=30").text
    assert len(explorer.verdicts.latest()) == 1


def test_nothing_is_lost_on_many_clicks_at_once(tmp_path):
    windows = [Verdicts(tmp_path / "judged.tsv") for _ in range(3)]  # as several processes
    (tmp_path / "judged.tsv").write_text("a line that an editor left open")
    with ThreadPoolExecutor(6) as pool:
        jobs = [
            pool.submit(windows[each % 3].add, (f"h{each}", "r", "t"), "accept")
            for each in range(30)
        ]
        for job in jobs:
            job.result()
    assert set(windows[0].latest()) == {(f"h{each}", "r", "t") for each in range(30)}
    assert [path.name for path in tmp_path.iterdir()] == ["judged.tsv"]


def test_a_file_that_another_holds(tmp_path, monkeypatch):
    monkeypatch.setattr("mygo_cli.explore.verdicts.PATIENCE", 0.05)
    verdicts = Verdicts(tmp_path / "judged.tsv")
    with only_writer(verdicts.path), pytest.raises(DataError, match="another process is writing"):
        verdicts.add(("h", "r", "t"), "accept")
    with pytest.raises(DataError, match="a tab or line break"):
        verdicts.add(("h\n", "r", "t"), "accept")


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/api/entity/japn", 404, "Did you mean japan"),
        ("/api/entity/", 404, "There is no such page|No entity"),
        ("/api/rank?head=kenya&relation=grow", 404, "Did you mean grows"),
        ("/api/rank?head=kenya", 400, "Give a relation"),
        ("/api/rank?head=kenya&relation=grows&tail=tea", 400, "either a head or a tail"),
        ("/api/rank?head=kenya&relation=grows&top=-1", 400, "whole number"),
        ("/api/explain?head=kenya&relation=grows&ask=me", 400, "head or tail"),
        ("/api/nothing", 404, "no such page"),
    ],
)  # fmt: skip
def test_mistakes_are_one_clear_message(client, address, status, said):
    answer = client.get(address)
    assert answer.status_code == status
    assert re.search(said, " ".join(answer.json().values()))
    page = client.get(address.replace("/api/entity/", "/entity?id=").replace("/api/", "/"))
    assert page.status_code == status
    assert "<h1>" in page.text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({**FACT, "tail": "teaa", "verdict": "accept"}, "Did you mean tea"),
        ({**FACT, "verdict": "maybe"}, "accept, reject"),
        ({**FACT}, "needs head, relation, tail and verdict"),
        ([], "needs head"),
    ],
)
def test_mistaken_verdicts(client, explorer, words, said):
    answer = client.post("/api/verdicts", json=words, headers=ORIGIN)
    assert answer.status_code in (400, 404)
    assert said in " ".join(answer.json().values())
    assert not explorer.verdicts.path.exists()


def test_a_known_fact_needs_no_verdict(client, explorer):
    graph = explorer.graph
    head, relation, tail = graph.train[0].tolist()
    words = {
        "head": graph.entities[head], "relation": graph.relations[relation],
        "tail": graph.entities[tail], "verdict": "accept",
    }  # fmt: skip
    answer = client.post("/api/verdicts", json=words, headers=ORIGIN)
    assert "holds this fact already, in train" in answer.json()["error"]


def test_names_are_never_markup(client, explorer):
    graph = explorer.graph
    evil = dataclasses.replace(
        graph,
        name=EVIL,
        names=tuple(f"{name}{EVIL}" for name in graph.names),
        kinds=(EVIL,) * len(graph.kinds),
    )
    explorer.graph = evil
    explorer.run = dataclasses.replace(explorer.run, graph=evil)
    explorer.names = type(explorer.names)(evil)
    for address in ("/", "/?q=script", "/entity?id=kenya", "/rank?head=kenya&relation=grows",
                    "/explain?head=kenya&relation=grows", "/tokens?id=kenya", "/map",
                    f"/entity?id={EVIL}", f"/?q={EVIL}"):  # fmt: skip
        page = client.get(address).text
        assert "<script>" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_a_fault_is_said_in_one_line(browse, explorer, monkeypatch, caplog):
    def broken(*_):
        raise ZeroDivisionError("what is it")

    monkeypatch.setattr(type(explorer), "search", broken)
    answer = browse(raise_server_exceptions=False).get("/api/search?q=a")
    assert (answer.status_code, answer.json()["error"]) == (500, "This is a fault in mygo.")
    assert "/api/search: ZeroDivisionError: what is it" in caplog.text
