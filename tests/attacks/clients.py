"""Many clients of the explorer at once: `python tests/attacks/clients.py [RUN] --clients 50`.

Each asks one page after the other for some seconds: entities, searches, ranked answers,
explanations, pictures, and names that the graph has not. An answer of 500 or above, one that never
comes, or a server that is gone is a failure. Needs Linux, to read how much memory the server took.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np

import mygo_cli as mygo
from mygo_cli.graph.knowledge_graph import KnowledgeGraph

WAIT = 60  # seconds for one answer
WAYS = ("entity", "search", "rank", "api/rank", "explain", "tokens", "picture", "map", "unknown")
OFTEN = np.array([5, 5, 5, 5, 1, 2, 5, 1, 2])


@dataclass
class Seen:
    """What all clients saw: milliseconds by page, states, and failures in words."""

    taken: dict[str, list[float]] = field(default_factory=dict)
    states: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def address(graph: KnowledgeGraph, way: str, random: np.random.Generator) -> str:
    """Return a page about a random fact."""
    head, relation, tail = graph.train[random.integers(len(graph.train))].tolist()
    ids = {"head": graph.entities[head], "relation": graph.relations[relation]}
    query = {
        "entity": {"id": ids["head"]},
        "search": {"q": graph.names[head][: random.integers(1, 4)]},
        "rank": {"entity": ids["head"], "relation": ids["relation"]},
        "api/rank": ids,
        "explain": {**ids, "tail": graph.entities[tail]},
        "tokens": {"id": ids["head"]},
        "picture": {"entity": ids["head"]},
        "map": {},
        "unknown": {"id": f"no {random.integers(99)} <such>"},
    }[way]
    path = {"search": "api/search", "unknown": "entity"}.get(way, way)
    return f"{path}?{urlencode(query)}"


def client(
    home: str, graph: KnowledgeGraph, until: float, seed: int, seen: Seen, lock: threading.Lock
) -> None:
    """Ask until the time is up."""
    random = np.random.default_rng(seed)
    while time.monotonic() < until:
        way = str(random.choice(WAYS, p=OFTEN / OFTEN.sum()))
        page, began, state, why = address(graph, way, random), time.monotonic(), 0, ""
        try:
            with urlopen(home + page, timeout=WAIT) as answer:
                answer.read()
                state = answer.status
        except HTTPError as error:
            state = error.code
        except OSError as error:
            why = str(error)
        with lock:
            seen.states[state] += 1
            seen.taken.setdefault(way, []).append(1000 * (time.monotonic() - began))
            if why or state >= 500:
                seen.failures.append(f"{page}: {why or state}")


def memory(process: int, which: str) -> int:
    """Return MiB that a process takes (VmRSS) or took at most (VmHWM)."""
    said = Path(f"/proc/{process}/status").read_text()
    found = re.search(rf"{which}:\s+(\d+) kB", said)
    assert found
    return int(found[1]) // 1024


def main() -> int:
    """Serve a run, let the clients ask, and print what they saw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", nargs="?")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    graph = mygo.open_run(given.run, device="cpu").graph
    words = [given.run] if given.run else []
    command = [sys.executable, "-m", "mygo_cli", "explore", *words, "--port", "0"]
    seen, lock = Seen(), threading.Lock()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        home = server.stdout.readline().strip()
        before, until = memory(server.pid, "VmRSS"), time.monotonic() + given.seconds
        threads = [
            threading.Thread(target=client, args=(home, graph, until, seed, seen, lock))
            for seed in range(given.clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lives, most = server.poll() is None, memory(server.pid, "VmHWM")
        server.terminate()
    for way, taken in sorted(seen.taken.items()):
        middle, late = np.percentile(taken, (50, 95))
        print(f"{way:10} {len(taken):6} requests, median {middle:6.0f} ms, 95th {late:6.0f} ms")
    total = sum(seen.states.values())
    print(f"{total} requests in {given.seconds:.0f} s, states {dict(seen.states)}")
    print(f"memory {before} MiB before, {most} MiB at most")
    for line in [*seen.failures[:10], *([] if lives else ["the server ended"])]:
        print(f"FAILED {line}")
    return int(bool(seen.failures) or not lives)


if __name__ == "__main__":
    sys.exit(main())
