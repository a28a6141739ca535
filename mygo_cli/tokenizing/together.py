"""Tokenizing a graph, shared out among the processes that torchrun started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import torch

from mygo_cli.cache.finding import whole_path
from mygo_cli.cache.merging import join_shards
from mygo_cli.cache.stats import Summary
from mygo_cli.distributed.group import Processes, started_by_torchrun
from mygo_cli.distributed.join import fail_together, joined
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.progress import Progress, silent
from mygo_cli.tokenizing.job import Job, tokenize_graph
from mygo_cli.tokenizing.plugins import Choice

PATIENCE = timedelta(days=7)  # the last shard may be done so much later than the first
WHOLE = (1, 1)


def tokenize_together(
    graph: KnowledgeGraph,
    choices: Sequence[Choice],
    job: Job,
    shard: tuple[int, int] | None = None,
    progress: Progress = silent,
) -> list[Summary]:
    """Tokenize a graph as `tokenize_graph` does; return what came of it.

    `shard` (i, n) is all that this process is to do. None is everything: each process that
    torchrun started does its shard, and the first one merges them.
    """
    started = started_by_torchrun()
    if shard is not None or started.alone:
        return tokenize_graph(graph, choices, replace(job, shard=shard or WHOLE), progress)
    with (
        joined(torch.device("cpu"), PATIENCE) as processes,
        fail_together(processes, lambda: "The same command goes on."),
    ):
        own = replace(job, shard=(processes.rank + 1, processes.count))
        return _merged(tokenize_graph(graph, choices, own, progress), processes)


def _merged(summaries: list[Summary], processes: Processes) -> list[Summary]:
    """Return the summaries of whole caches, for which the first process merges all shards."""
    processes.gather_objects(None)  # wait until each has written its shards
    if not processes.first:
        return summaries
    return [
        own if (whole := whole_path(own.path)) == own.path else join_shards(whole, processes.count)
        for own in summaries
    ]
