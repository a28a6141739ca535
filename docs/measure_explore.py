"""Print the milliseconds of a request to the local page: python docs/measure_explore.py [RUN]."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.testclient import TestClient

from mygo_cli.explore.app import explore_app
from mygo_cli.explore.explorer import Explorer
from mygo_cli.folders import world_folder
from mygo_cli.runs.opened import open_run

TIMES = 50
HERE = "http://127.0.0.1:8765"
ADDRESSES = (
    "/",
    "/api/search?q=ja",
    "/entity?id=japan",
    "/rank?entity=japan&relation=imports_from",
    "/api/rank?head=japan&relation=imports_from",
    "/explain?head=japan&relation=imports_from&tail=china",
    "/picture?entity=japan",
    "/tokens?id=japan",
    "/map",
)
FORM = {"text": "A small island in the Pacific.", "relation": "located_in"}
PICTURE = world_folder() / "images" / "kenya" / "flag.png"


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
    for address in ADDRESSES:
        print(f"{median(partial(client.get, address)):8.1f} ms  {address}")
    files = {"picture": ("a.png", PICTURE.read_bytes())}
    headers = {"origin": HERE}
    upload = partial(client.post, "/unseen", data=FORM, files=files, headers=headers)
    print(f"{median(upload):8.1f} ms  POST /unseen")


if __name__ == "__main__":
    main()
