"""`mygo explore` about an entity that is uploaded, and its map: what is shown or refused."""

from __future__ import annotations

import io
import json
import tempfile
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from token_fakes import Grey, Letters

from mygo_cli.explore.guard import MOST_UPLOADED
from mygo_cli.runs import unseen_reading
from mygo_cli.runs.entity_map import FILE, entity_map, project
from mygo_cli.runs.unseen import Unseen

ORIGIN = {"origin": "http://127.0.0.1:8765"}
EVIL = '"><script>alert(1)</script>'
ASKED = {"relation": "grows", "asked": "tail"}


@pytest.fixture(autouse=True)
def temporary(monkeypatch, tmp_path):
    """Read tokens with small tokenizers; return the folder of temporary files."""

    def rebuilt(cache, device):
        pictures = cache.header.modality == "image"
        return SimpleNamespace(tokenizer=Grey() if pictures else Letters(), flag="the tokenizer")

    monkeypatch.setattr("mygo_cli.tokenizing.unseen.rebuild", rebuilt)
    unseen_reading._opened.cache_clear()
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def client(browse):
    pytest.importorskip("python_multipart")
    return browse()


def png(kind="PNG"):
    pixels = np.random.default_rng(7).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format=kind)
    return file.getvalue()


def sent(client, picture=None, address="/api/unseen", name="a.png", **words):
    files = {"picture": (name, picture, "image/png")} if picture is not None else None
    files = files or {"nothing": ("", b"")}
    return client.post(address, data={**ASKED, **words}, files=files, headers=ORIGIN)


def test_answers_are_those_of_the_run(client, explorer, temporary, tmp_path):
    path = tmp_path / "own.png"
    path.write_bytes(png())
    text = "A country that is called x."
    rows = explorer.run.rank(Unseen(path, text), "grows", top=20)
    found = sent(client, png(), text=text).json()
    assert [(row["tail"], row["probability"]) for row in found["answers"]] == [
        (row.tail, row.probability) for row in rows
    ]
    assert found["title"] == "(the new entity, grows, ?)"
    assert found["picture"].startswith("data:image/jpeg;base64,")
    heads = sent(client, text=text, asked="head").json()
    assert heads["title"] == "(?, grows, the new entity)"
    assert heads["picture"] is None
    assert list(temporary.iterdir()) == []


def test_the_page(client):
    form = client.get("/unseen").text
    assert 'enctype="multipart/form-data"' in form
    page = sent(client, png("WEBP"), "/unseen", "../../x.exe", text=f"It is {EVIL}").text
    assert "(the new entity, grows, ?)" in page
    assert page.count('<li><span class="place">') == 20
    assert "<script>alert" not in page
    assert "x.exe" not in page


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"alert(1)", "The picture cannot be used: not a picture that can be read"),
        (b"<svg onload='alert(1)'/>", "an SVG drawing"),
        (png()[:60], "The picture cannot be used"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "The picture cannot be used"),
    ],
)
def test_what_is_no_picture_is_refused(client, temporary, content, said):
    for address in ("/api/unseen", "/unseen"):
        answer = sent(client, content, address)
        assert answer.status_code == 400
        assert said in answer.text
        assert "mygo-upload" not in answer.text
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ({}, 400, "nothing to read"),
        ({"text": "  "}, 400, "nothing to read"),
        ({"text": "x", "relation": "grow"}, 404, "Did you mean grows"),
        ({"text": "x", "relation": ""}, 400, "Name a relation"),
        ({"text": "x", "asked": "me"}, 400, "head or tail"),
        ({"text": "x" * 30_000}, 400, "more than 20,000 letters"),
        ({"text": "x" * 200_000}, 400, "form cannot be read"),
    ],
)
def test_mistakes_are_one_clear_message(client, words, status, said):
    answer = sent(client, **words)
    assert answer.status_code == status
    assert said in " ".join(answer.json().values())


def test_too_large_and_from_elsewhere(client, temporary, caplog):
    assert sent(client, b"\0" * MOST_UPLOADED).status_code == 413
    files = {"picture": ("a.png", png())}
    assert client.post("/api/unseen", data=ASKED, files=files).status_code == 403
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x", "text/plain"):
        answer = client.post("/api/unseen", content=b"x", headers={**ORIGIN, "content-type": kind})
        assert answer.status_code == 400
    assert not [each for each in caplog.records if each.name.startswith("python_multipart")]
    assert list(temporary.iterdir()) == []


# The map


def test_the_map(client, explorer):
    page = client.get("/map").text
    assert page.count('<a href="/entity?id=') == len(explorer.graph.entities)
    assert 'href="/entity?id=new_zealand"' in page
    assert page.count('<image class="dot" href="/picture?entity=') == sum(
        bool(keys) for keys in explorer.graph.pictures()
    )
    found = client.get("/api/map").json()
    assert {place["id"] for place in found["places"]} == set(explorer.graph.entities)
    assert all(20 <= place[axis] <= 980 for place in found["places"] for axis in "xy")
    assert list(found["kinds"]) == ["country", "crop", "other kinds"]


def test_it_is_computed_once(explorer, monkeypatch, caplog):
    run = explorer.run
    first = entity_map(run)
    kept = run.folder.path / FILE
    assert np.allclose(entity_map(run), first, atol=1e-4)
    content = json.loads(kept.read_text())
    content["places"] = [[0.5, 0.25]] * len(first)
    kept.write_text(json.dumps(content))
    assert (entity_map(run) == [0.5, 0.25]).all()  # what is kept is taken
    for damaged in ("", "[]", '{"epoch": 1}', json.dumps({**content, "epoch": -1})):
        kept.write_text(damaged)
        assert np.allclose(entity_map(run), first, atol=1e-4)


def test_near_vectors_lie_near():
    random = np.random.default_rng(0)
    groups = np.repeat([0.0, 20.0, -20.0], 20)[:, None] + random.standard_normal((60, 8))
    places = project(groups)
    assert places.shape == (60, 2)
    assert (places.min(), places.max()) == (0, 1)
    centres = np.stack([places[start : start + 20].mean(0) for start in (0, 20, 40)])
    assert (
        np.linalg.norm(places[:20] - centres[0], axis=1).max()
        < np.linalg.norm(centres[0] - centres[1:], axis=1).min()
    )
    for few in (np.zeros((1, 4)), np.zeros((5, 4)), np.eye(3), np.zeros((6, 1))):
        assert np.isfinite(project(few)).all()
