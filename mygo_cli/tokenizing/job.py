"""The tokenizing job: what is pending, batch by batch, into a token cache."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mygo_cli.cache.finding import cache_path, shard_path
from mygo_cli.cache.format import PENDING, Array
from mygo_cli.cache.opening import is_complete, open_to_fill
from mygo_cli.cache.sources import Sources
from mygo_cli.cache.stats import Summary, summarize
from mygo_cli.cache.writing import CacheWriter, Header
from mygo_cli.contracts import TokenizerInfo
from mygo_cli.device import FLOAT32
from mygo_cli.errors import DataError, Interrupted
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.progress import GracefulStop, Progress
from mygo_cli.tokenizing.plugins import Outcome


@dataclass(frozen=True)
class Job:
    """How to tokenize, and the backend's name, package and options as noted in the cache.

    `folder` holds the caches. `precision` of the image encoder: float32, bf16 or auto.
    `batch_size` None: as suits modality and device. `workers` None: a thread per core. `limit`:
    only the first so many items. `shard` (i, n): of every n batches the i-th, counted from 1,
    into a file of its own that `mygo cache merge` joins. `strict`: the first item that fails ends
    the job. `force`: begin again whatever is there.
    """

    folder: Path
    backend: str
    backend_package: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    precision: str = FLOAT32
    batch_size: int | None = None
    workers: int | None = None
    limit: int | None = None
    shard: tuple[int, int] = (1, 1)
    strict: bool = False
    force: bool = False

    @property
    def threads(self) -> int:
        """Return how many loader threads to use."""
        if hasattr(os, "sched_getaffinity"):
            return self.workers or len(os.sched_getaffinity(0))
        return self.workers or os.cpu_count() or 1

    def header(
        self,
        graph: KnowledgeGraph,
        modality: str,
        info: TokenizerInfo,
        sources: Sources,
        precision: str = FLOAT32,
    ) -> Header:
        """Return what the cache to fill says of itself."""
        return Header(
            modality=modality,
            backend=self.backend,
            backend_package=self.backend_package,
            options=self.options,
            info=info,
            dataset=graph.name,
            entities_sha256=graph.entities_sha256,
            sources_sha256=sources.sha256,
            precision=precision,
        )

    def path(self, header: Header) -> Path:
        """Return the cache file to fill."""
        whole = self.whole_path(header)
        return whole if self.shard[1] == 1 else shard_path(whole, *self.shard)

    def whole_path(self, header: Header) -> Path:
        """Return the cache file that all shards together make."""
        return cache_path(
            self.folder, header.dataset, header.modality, header.backend, header.info.fingerprint
        )

    def batches(self, status: Array, size: int) -> list[Array]:
        """Return the rows of the pending items, batch by batch.

        Batches begin at multiples of `size` whatever was done before, so that an item meets the
        same company in a run that was interrupted, or split in shards.
        """
        number, of = self.shard
        stop = len(status) if self.limit is None else min(self.limit, len(status))
        found = []
        for start in range(size * (number - 1), stop, size * of):
            rows = start + np.flatnonzero(status[start : min(start + size, stop)] == PENDING)
            if len(rows):
                found.append(rows)
        return found


@dataclass(frozen=True)
class Task:
    """The part of a job that depends on the modality.

    `encode` takes the writer, which holds or gets the codebook, and the batches of rows.
    """

    header: Header
    sources: Sources
    batch_size: int
    encode: Callable[[CacheWriter, list[Array]], Generator[Outcome, None, None]]


def run(job: Job, task: Task, graph: KnowledgeGraph, progress: Progress) -> Summary:
    """Fill the cache of a task, or what a run before left of it, and return how it stands.

    Raises `DataError` where the cache cannot be written, `BackendError` where the plugin breaks
    its contract, and `Interrupted` after a Ctrl-C, when the batch in flight is stored.
    """
    path = job.path(task.header)
    whole = job.whole_path(task.header)
    if path != whole and not job.force and is_complete(whole, task.header):
        path = whole  # the shards were joined: none is made again
    new, began = 0, time.perf_counter()
    if job.force or not is_complete(path, task.header):
        with open_to_fill(path, task.header, graph.entities, task.sources, job.force) as writer:
            batches = job.batches(writer.status, task.batch_size)
            if batches:
                outcomes = task.encode(writer, batches)
                began = time.perf_counter()
                new = _fill(writer, outcomes, sum(map(len, batches)), job, task, progress)
            writer.finish()
    summary = summarize(path, new, time.perf_counter() - began)
    if job.strict and summary.failures:
        raise _strict_error(*summary.failures[0])
    return summary


def _fill(
    writer: CacheWriter,
    outcomes: Generator[Outcome, None, None],
    total: int,
    job: Job,
    task: Task,
    progress: Progress,
) -> int:
    """Store what comes, until it ends or Ctrl-C; return how many items were tokenized."""
    settled, new = 0, 0
    with suppress(KeyboardInterrupt), GracefulStop() as stop, closing(outcomes):
        progress(task.header.modality, 0, total)
        for outcome in outcomes:
            writer.write_done(np.array(outcome.rows, dtype=np.int64), outcome.tokens)
            _store_failures(writer, outcome.failed, job, task)
            new += len(outcome.rows)
            settled += len(outcome.rows) + len(outcome.failed)
            progress(task.header.modality, settled, total)
            if stop.asked and settled < total:
                break
    if settled < total:
        done = int((writer.status != PENDING).sum())
        raise Interrupted(
            f"{task.header.modality}: {done:,} of {len(writer.status):,} done; "
            f"the same command{' without --force' if job.force else ''} goes on."
        )
    return new


def _store_failures(
    writer: CacheWriter, failed: Iterable[tuple[int, str]], job: Job, task: Task
) -> None:
    for row, reason in failed:
        if job.strict:
            raise _strict_error(task.sources.keys[row], reason)
        writer.write_failed(row, reason)


def _strict_error(key: str, reason: str) -> DataError:
    return DataError(
        f"{key}: {reason}.", "Mend or remove it, or leave out --strict to pass over such items."
    )
