"""The OpenAPI document as people read it: each address with an example that can be tried."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from mygo_cli.explore.shown import Content


@dataclass(frozen=True)
class Body:
    """What a POST carries."""

    kind: str
    schema: Content
    example: Content


@dataclass(frozen=True)
class Operation:
    """A method of an address; `address` is an example of a GET, `command` one of a POST."""

    method: str
    path: str
    summary: str
    parameters: list[Content]
    answer: Content
    body: Body | None
    address: str
    command: str


def operations(document: Content) -> list[Operation]:
    """Return every operation of an OpenAPI document, in its order."""
    here = document["servers"][0]["url"]
    return [
        _operation(here, path, method, told)
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]


def _operation(here: str, path: str, method: str, told: Content) -> Operation:
    examples = {
        place: {one["name"]: one["example"] for one in told["parameters"]
                if one["in"] == place and "example" in one}
        for place in ("path", "query", "header")
    }  # fmt: skip
    address = path.format_map({name: quote(value) for name, value in examples["path"].items()})
    if examples["query"]:
        address += "?" + urlencode(examples["query"])
    answer = told["responses"]["200"]["content"]["application/json"]["schema"]
    common = method.upper(), path, told["summary"], told["parameters"], answer
    if "requestBody" not in told:
        return Operation(*common, None, address, "")
    ((kind, content),) = told["requestBody"]["content"].items()
    body = Body(kind, content["schema"], content["example"])
    return Operation(*common, body, "", _curl(here + address, examples["header"], body))


def _curl(address: str, headers: dict[str, Any], body: Body) -> str:
    """Return a line for a shell that posts an example."""
    words = ["curl", address]
    for name, value in headers.items():
        words += ["-H", f"{name}: {value}"]
    if body.kind == "application/json":
        words += ["-d", json.dumps(body.example, ensure_ascii=False)]
    else:
        for name, value in body.example.items():
            words += ["-F", f"{name}={value}"]
    return shlex.join(words)
