"""Tokens of a graph in one call, shared out among the processes that torchrun started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import torch

from mygo_cli.cache.finding import IMAGE, TEXT, whole_path
from mygo_cli.cache.merging import join_shards
from mygo_cli.cache.stats import Summary
from mygo_cli.device import choose_device
from mygo_cli.distributed.group import Processes, started_by_torchrun
from mygo_cli.distributed.join import fail_together, joined, shared_device
from mygo_cli.errors import at_least_one, check_choice
from mygo_cli.folders import cache_dir as folder_of_caches
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import as_graph
from mygo_cli.progress import Progress, silent
from mygo_cli.tokenizing.job import Job, tokenize_graph
from mygo_cli.tokenizing.plugins import Choice

PATIENCE = timedelta(days=7)  # the last shard may be done so much later than the first
WHOLE = (1, 1)
PRECISIONS = ("auto", "float32", "bf16")


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


def tokenize(
    graph: KnowledgeGraph | str | Path,
    image_backend: str | None = "visual-words",
    text_backend: str | None = "bert",
    cache_dir: str | Path | None = None,
    device: str = "auto",
    progress: Progress = silent,
    *,
    image_options: Mapping[str, object] | None = None,
    text_options: Mapping[str, object] | None = None,
    precision: str = "auto",
    batch_size: int | None = None,
    workers: int | None = None,
    limit: int | None = None,
    strict: bool = False,
    force: bool = False,
) -> list[Summary]:
    """Turn the pictures and texts of a graph into tokens; return a summary of each cache.

    `summary.path` is the cache, `summary.modality` image or text. What is in the cache already is
    not done again, and what was stopped goes on. A backend of None leaves its modality out;
    pictures are left out, too, where the graph has none. The options of a backend stand in
    docs/settings.md; the other arguments are those of `mygo tokenize` (docs/cli.md).

    Raises `DataError` for a graph that cannot be read or has nothing to tokenize, `BackendError`
    and `UsageError` for a backend or an option that is not there, `Interrupted` after Ctrl-C.
    """
    check_choice("precision", precision, PRECISIONS)
    for name, count in (("batch_size", batch_size), ("workers", workers), ("limit", limit)):
        if count is not None:
            at_least_one(name, count)
    job = Job(
        folder=folder_of_caches(cache_dir),
        device=str(choose_device(shared_device(device))),
        precision=precision,
        batch_size=batch_size,
        workers=workers,
        limit=limit,
        strict=strict,
        force=force,
    )
    wanted = ((IMAGE, image_backend, image_options), (TEXT, text_backend, text_options))
    choices = [
        Choice(modality, backend, [f"{key}={value}" for key, value in (options or {}).items()])
        for modality, backend, options in wanted
        if backend is not None
    ]
    return tokenize_together(as_graph(graph), choices, job, None, progress)
