"""The OpenAPI document of `mygo explore`: whole, true, and with examples that answer."""

from __future__ import annotations

import json
import re
import shlex
from itertools import chain
from types import SimpleNamespace

import pytest
from token_fakes import Letters

from mygo_cli.runs import unseen_reading

pytest.importorskip("starlette")

KINDS = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
    "array": list,
    "object": dict,
}
HERE = "http://127.0.0.1:8765"


@pytest.fixture
def client(browse, monkeypatch):
    pytest.importorskip("python_multipart")
    read = SimpleNamespace(tokenizer=Letters(), flag="the tokenizer")
    monkeypatch.setattr("mygo_cli.tokenizing.unseen.rebuild", lambda cache, device: read)
    unseen_reading._opened.cache_clear()
    return browse()


@pytest.fixture
def document(client):
    return client.get("/api/openapi.json").json()


def misfits(value, schema, document, at="answer"):
    """Return where a value is not what its schema says, with every field told and no other."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    as_said = any(isinstance(value, KINDS[kind]) for kind in kinds)
    if not as_said or (isinstance(value, bool) and "boolean" not in kinds):  # to Python an int
        return [f"{at} is {value!r}, not {kinds}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at} is {value!r}, none of {schema['enum']}"]
    if isinstance(value, list):
        every = (misfits(each, schema["items"], document, f"{at}[]") for each in value)
        return list(chain.from_iterable(every))
    if isinstance(value, dict) and "properties" in schema:
        if set(value) != set(schema["properties"]):
            return [f"{at} has {sorted(value)}, not {sorted(schema['properties'])}"]
        told = schema["properties"]
        every = (misfits(value[name], told[name], document, f"{at}.{name}") for name in value)
        return list(chain.from_iterable(every))
    return []


def examples(document):
    """Yield method, address, what is sent and the schema of the answer, of each operation."""
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            given = {
                place: {one["name"]: one["example"] for one in told["parameters"]
                        if one["in"] == place and "example" in one}
                for place in ("path", "query", "header")
            }  # fmt: skip
            sent = {"params": given["query"], "headers": given["header"]}
            for kind, body in told.get("requestBody", {}).get("content", {}).items():
                words = {"json": body["example"]}
                if kind == "multipart/form-data":
                    words = {"data": body["example"], "files": {"none": ("", b"")}}
                sent |= words
            answer = told["responses"]["200"]["content"]["application/json"]["schema"]
            yield method, path.format_map(given["path"]), sent, answer


def test_every_address_of_the_api_is_described(document):
    from mygo_cli.explore.app import ROUTES

    served = {
        (re.sub(r":\w+}", "}", route.path), method.lower())
        for route in ROUTES
        for method in route.methods - {"HEAD"}
        if route.path.startswith("/api/") and route.path != "/api/openapi.json"
    }
    described = {(path, method) for path, told in document["paths"].items() for method in told}
    assert described == served


def test_every_example_answers_as_is_said(client, document):
    assert document["openapi"] == "3.1.0"
    asked = 0
    for method, address, sent, schema in examples(document):
        answer = client.request(method, address, **sent)
        assert answer.status_code == 200, (address, answer.text)
        assert misfits(answer.json(), schema, document, address) == []
        asked += 1
    assert asked == 9
    mistake = client.get("/api/entity/nobody")
    assert misfits(mistake.json(), document["components"]["schemas"]["Mistake"], document) == []


def test_every_parameter_is_one_that_is_read(client, document, explorer, monkeypatch):
    """A name that the views do not ask for would be of no effect."""
    from starlette.datastructures import QueryParams

    read = set()
    get = QueryParams.get
    monkeypatch.setattr(
        QueryParams, "get", lambda self, key, other=None: read.add(key) or get(self, key, other)
    )
    for method, address, sent, _ in examples(document):
        read.clear()
        if sent["params"]:
            client.request(method, address, **sent)
            assert set(sent["params"]) <= read, address


def test_references_lead_somewhere(document):
    text = json.dumps(document)
    for room, name in re.findall(r'"\$ref": "#/components/(\w+)/(\w+)"', text):
        assert name in document["components"][room]


def test_the_page_is_for_people_and_loads_nothing(client, document, explorer):
    page = client.get("/api")
    assert page.status_code == 200
    assert 'href="/api"' in client.get("/").text
    for path in document["paths"]:
        assert path in page.text
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in page.text
    assert re.findall(r'(?:src|href)="((?:https?:|//)[^"]*)"', page.text) == []
    tried = re.findall(r'For example <a href="([^"]+)"', page.text)
    assert len(tried) == 7
    for address in tried:
        assert client.get(address.replace("&amp;", "&")).status_code == 200
    posts = re.findall(r"<pre>(.*?)</pre>", page.text, re.DOTALL)
    assert len(posts) == 2
    words = shlex.split(posts[1].replace("&#39;", "'").replace("&#34;", '"'))
    assert words[:4] == ["curl", f"{HERE}/api/verdicts", "-H", f"Origin: {HERE}"]
    verdict = json.loads(words[5])
    assert client.post("/api/verdicts", json=verdict, headers={"origin": HERE}).status_code == 200


def test_what_curl_prints_does_not_steer_the_terminal(client):
    reply = client.get("/api/rank", params={"head": "\x9b31m\u202e", "relation": "capital"})
    assert reply.status_code == 404
    assert "\\u009b31m\\u202e" in reply.text
    assert "\x9b31m\u202e" in reply.json()["error"]
