"""Tokens of a graph in one call: what `mygo.tokenize` is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mygo_cli.cache.finding import IMAGE, TEXT
from mygo_cli.cache.stats import Summary
from mygo_cli.device import choose_device
from mygo_cli.distributed.join import shared_device
from mygo_cli.folders import cache_dir as folder_of_caches
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import as_graph
from mygo_cli.progress import Progress, silent
from mygo_cli.tokenizing.job import Job
from mygo_cli.tokenizing.plugins import Choice
from mygo_cli.tokenizing.together import tokenize_together


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
