"""Print the milliseconds of a request to the local page: python docs/measure_explore.py [RUN]."""

from __future__ import annotations

import statistics
import sys
import time

from starlette.testclient import TestClient

from mygo_cli.explore.app import explore_app
from mygo_cli.explore.explorer import Explorer
from mygo_cli.runs.opened import open_run

TIMES = 50
ADDRESSES = (
    "/",
    "/api/search?q=ja",
    "/entity?id=japan",
    "/rank?entity=japan&relation=imports_from",
    "/api/rank?head=japan&relation=imports_from",
    "/explain?head=japan&relation=imports_from&tail=china",
    "/picture?entity=japan",
)


def median(client: TestClient, address: str) -> float:
    """Return the median milliseconds of `TIMES` requests, after one that warms up."""
    taken = []
    for _ in range(TIMES + 1):
        began = time.perf_counter()
        client.get(address).raise_for_status()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken[1:])


def main() -> None:
    """Measure every address with a run, the newest unless one is named."""
    explorer = Explorer(open_run(*sys.argv[1:2], device="cpu"))
    explorer.warm()
    client = TestClient(explore_app(explorer), base_url="http://127.0.0.1:8765")
    for address in ADDRESSES:
        print(f"{median(client, address):8.1f} ms  {address}")


if __name__ == "__main__":
    main()
