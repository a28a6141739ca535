"""A completion from start to end, or on from where it was stopped."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mygo_cli.completion.search import NO_FACTS, NO_RULES, Facts, Rules, TopFacts, complete
from mygo_cli.completion.unfinished import Unfinished
from mygo_cli.device import Portion
from mygo_cli.errors import Interrupted
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.model.queries import Queries
from mygo_cli.progress import GracefulStop, Progress, silent

SECONDS_BETWEEN_SAVES = 10.0


@dataclass(frozen=True)
class Completion:
    """Facts, best first, of so many `questions`; `asked` of them now, which took `seconds`."""

    facts: Facts
    questions: int
    asked: int
    seconds: float


def find_facts(
    score: Callable[[Queries], Tensor],
    graph: KnowledgeGraph,
    queries: Queries,
    limit: int,
    portion: Portion,
    unfinished: Unfinished | None = None,
    progress: Progress = silent,
    rules: Rules = NO_RULES,
) -> Completion:
    """Return the best `limit` facts that `queries` lead to and that keep the `rules`.

    With `unfinished` it goes on where that file stands and keeps it up to date: the caller removes
    it once the facts are safe. Raises `Interrupted` after Ctrl-C, when the block in flight is
    done, and `DataError` where the file cannot be used.
    """
    total = len(queries.entity)
    first, found = unfinished.load() if unfinished else (0, NO_FACTS)
    if unfinished:
        unfinished.save(first, found)  # before any work: a read-only folder is noticed now
    top = TopFacts(limit, found, rules.claims)
    began = saved = time.perf_counter()
    kept = done = first
    progress("ask", first, total)
    try:
        with GracefulStop() as stop:
            for done in complete(score, graph, queries, top, portion, first, rules):
                progress("ask", done, total)
                pause = stop.asked or done == total
                if unfinished and (pause or time.perf_counter() - saved >= SECONDS_BETWEEN_SAVES):
                    unfinished.save(done, top.best())
                    saved, kept = time.perf_counter(), done
                if stop.asked and done < total:
                    raise _interrupted(done, total, unfinished)
    except KeyboardInterrupt as error:  # the second one, which waits for nothing
        raise _interrupted(kept if unfinished else done, total, unfinished) from error
    return Completion(top.best(), total, total - first, time.perf_counter() - began)


def _interrupted(done: int, total: int, unfinished: Unfinished | None) -> Interrupted:
    so_far = f"{done:,} of {total:,} questions"
    if unfinished is None:
        return Interrupted(
            f"Interrupted after {so_far}; nothing was saved.",
            "With --output FILE it could be gone on with.",
        )
    which = "The same command without --force" if unfinished.force else "The same command"
    return Interrupted(f"Interrupted; {so_far} are done and saved.", f"{which} goes on.")


def known_facts_sha256(graph: KnowledgeGraph) -> str:
    """Return the identity of all that a graph knows: sha256 in hex over names and facts."""
    digest = hashlib.sha256(graph.entities_sha256.encode())
    digest.update("\n".join(graph.relations).encode())
    digest.update(np.sort(graph.fact_keys(graph.all_triples())).tobytes())
    return digest.hexdigest()
