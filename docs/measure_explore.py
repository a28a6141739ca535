"""Print the milliseconds of a request to the local page: python docs/measure_explore.py [RUN]."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.testclient import TestClient

from mygo_cli.explore.app import explore_app
from mygo_cli.explore.explorer import Explorer
from mygo_cli.folders import world_folder
from mygo_cli.runs.opened import open_run

TIMES = 50
HERE = "http://127.0.0.1:8765"
PICTURE = world_folder() / "images" / "kenya" / "flag.png"
TEXT = "A small island in the Pacific."


def addresses(explorer: Explorer) -> list[str]:
    """Return what is asked, of the entity with the most facts and its first one as a head."""
    graph = explorer.graph
    own = explorer.names.most_linked(len(graph.entities))
    row = next(each for each in own if (graph.train[:, 0] == each).any())
    fact = graph.train[graph.train[:, 0] == row][0].tolist()
    head, relation, tail = graph.entities[row], graph.relations[fact[1]], graph.entities[fact[2]]
    asked = {"relation": relation}
    paths: list[tuple[str, dict[str, str]]] = [
        ("/", {}),
        ("/api/search", {"q": graph.names[row][:2]}),
        ("/entity", {"id": head}),
        ("/rank", {"entity": head, **asked}),
        ("/api/rank", {"head": head, **asked}),
        ("/explain", {"head": head, **asked, "tail": tail}),
        ("/tokens", {"id": head}),
        ("/map", {}),
    ]
    if graph.pictures()[row]:
        paths.append(("/picture", {"entity": head}))
    return [f"{path}?{urlencode(query)}" for path, query in paths]


def median(ask: Callable[[], Any]) -> float:
    """Return the median milliseconds of `TIMES` requests, after one that warms up."""
    taken = []
    for _ in range(TIMES + 1):
        began = time.perf_counter()
        ask().raise_for_status()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken[1:])


def main() -> None:
    """Measure every address with a run, the newest unless one is named."""
    explorer = Explorer(open_run(*sys.argv[1:2], device="cpu"))
    explorer.warm()
    client = TestClient(explore_app(explorer), base_url=HERE)
    for address in addresses(explorer):
        print(f"{median(partial(client.get, address)):8.1f} ms  {address}")
    reads = explorer.run.settings.tokens.used
    files = {"picture": ("a.png", PICTURE.read_bytes() if "image" in reads else b"")}
    form = {"text": TEXT, "relation": explorer.graph.relations[0]}
    upload = partial(client.post, "/unseen", data=form, files=files, headers={"origin": HERE})
    print(f"{median(upload):8.1f} ms  POST /unseen")


if __name__ == "__main__":
    main()
