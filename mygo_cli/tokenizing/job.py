"""Tokenizing a graph: for each modality its tokenizer, its items and its cache, batch by batch."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mygo_cli.cache.finding import IMAGE, cache_path, shard_path
from mygo_cli.cache.format import Header
from mygo_cli.cache.opening import is_complete, open_to_fill
from mygo_cli.cache.sources import PENDING, image_sources, text_sources
from mygo_cli.cache.stats import Summary, summarize
from mygo_cli.cache.writing import CacheWriter
from mygo_cli.contracts import ImageTokenizer, TextTokenizer
from mygo_cli.device import FLOAT32, Portion, choose_precision, usable_cores
from mygo_cli.errors import DataError, Interrupted
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Array
from mygo_cli.progress import GracefulStop, Progress, silent
from mygo_cli.tokenizing.images import PictureEncoder, at_once
from mygo_cli.tokenizing.loader import PictureLoader
from mygo_cli.tokenizing.plugins import Choice, NamedTokenizer, Outcome, build
from mygo_cli.tokenizing.texts import AT_ONCE, TextEncoder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """How to tokenize.

    `folder` holds the caches. `precision` of the image encoder: float32, bf16 or auto.
    `batch_size` None: as suits modality and device. `workers` None: a thread per core. `limit`:
    only the first so many items. `shard` (i, n): of every n batches the i-th, counted from 1,
    into a file of its own that `mygo cache merge` joins. `strict`: the first item that fails ends
    the job. `force`: begin again whatever is there.
    """

    folder: Path
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
        return self.workers or usable_cores()


def tokenize_graph(
    graph: KnowledgeGraph, choices: Sequence[Choice], job: Job, progress: Progress = silent
) -> list[Summary]:
    """Tokenize the modalities of `choices`, each with its backend, and return what came of it.

    Pictures are passed over, with a warning, where the graph has none. Every tokenizer is made
    before the first is used, so that a missing file shows at once.
    """
    wanted = [choice for choice in choices if choice.modality != IMAGE or _has_pictures(graph)]
    if not wanted:
        raise DataError(f"{graph.folder}: there is nothing to tokenize.", "Leave out --no-text.")
    tokenizers = [build(choice, job.device) for choice in wanted]
    return [tokenize_with(graph, tokenizer, job, progress) for tokenizer in tokenizers]


def tokenize_with(
    graph: KnowledgeGraph, named: NamedTokenizer, job: Job, progress: Progress = silent
) -> Summary:
    """Tokenize one modality, or what a run before left of it, and return how its cache stands.

    An item that cannot be read is noted in the cache and passed over. Raises `DataError` where
    there is nothing to read or the cache cannot be written, `BackendError` where the plugin breaks
    its contract, and `Interrupted` after a Ctrl-C, when the batch in flight is stored.
    """
    encoder = _encoder(graph, named, job, progress)
    header = Header(
        modality=named.modality,
        backend=named.backend,
        backend_package=named.package,
        options=named.options,
        info=named.tokenizer.info,
        dataset=graph.name,
        entities_sha256=graph.entities_sha256,
        sources_sha256=encoder.sources.sha256,
        precision=_precision(named, job),
    )
    path = _cache_to_fill(header, job)
    new, began = 0, time.perf_counter()
    if job.force or not is_complete(path, header):
        with open_to_fill(path, header, graph.entities, encoder.sources, job.force) as writer:
            batches = _pending(writer.status, encoder.batch_size, job)
            if batches:
                encoder.prepare(writer)
                began = time.perf_counter()
                outcomes = encoder.outcomes(batches, writer.precision)
                new = _fill(writer, outcomes, sum(map(len, batches)), job, header, progress)
            writer.finish()
    summary = summarize(path, new, time.perf_counter() - began)
    if job.strict and summary.failures:
        raise _strict_error(*summary.failures[0])
    return summary


def _has_pictures(graph: KnowledgeGraph) -> bool:
    """Return whether there are pictures; warn if not, and of those that cannot be used."""
    if unreadable := len(graph.picture_list.unreadable):
        log.warning(f"{unreadable:,} paths under images/ cannot be used; mygo data check says why.")
    if any(graph.pictures()):
        return True
    log.warning(f"{graph.name} has no pictures: only its texts are tokenized.")
    return False


def _encoder(
    graph: KnowledgeGraph, named: NamedTokenizer, job: Job, progress: Progress
) -> PictureEncoder | TextEncoder:
    """Return the tokenizer at work on the items of its modality."""
    tokenizer = named.tokenizer
    if isinstance(tokenizer, TextTokenizer):
        sources, texts = text_sources(graph)
        size = job.batch_size or AT_ONCE
        return TextEncoder(tokenizer, named.flag, sources, texts, size, progress)
    assert isinstance(tokenizer, ImageTokenizer)
    sources = image_sources(graph, job.threads, progress)
    if not sources.keys:
        raise DataError(f"{graph.folder} has no pictures.", "Put some in images/<entity>/.")
    device = torch.device(job.device)
    size = job.batch_size or at_once(device)
    return PictureEncoder(
        tokenizer,
        named.flag,
        sources,
        PictureLoader(tokenizer, graph.images, sources.keys, job.threads, device.type == "cuda"),
        device,
        size,
        Portion(size, "pictures"),
        progress,
    )


def _precision(named: NamedTokenizer, job: Job) -> str:
    """Return the number format of the encoder. Words know none."""
    pictures = named.modality == IMAGE
    return choose_precision(job.precision, torch.device(job.device)) if pictures else FLOAT32


def _cache_to_fill(header: Header, job: Job) -> Path:
    """Return the file of the whole cache, or of this job's shard unless all were joined before."""
    whole = cache_path(
        job.folder, header.dataset, header.modality, header.backend, header.info.fingerprint
    )
    joined = job.shard[1] == 1 or (not job.force and is_complete(whole, header))
    return whole if joined else shard_path(whole, *job.shard)


def _pending(status: Array, size: int, job: Job) -> list[Array]:
    """Return the rows of the pending items, batch by batch.

    Batches begin at multiples of `size` whatever was done before, so that an item meets the
    same company in a run that was interrupted, or split in shards.
    """
    number, of = job.shard
    stop = len(status) if job.limit is None else min(job.limit, len(status))
    found = []
    for start in range(size * (number - 1), stop, size * of):
        rows = start + np.flatnonzero(status[start : min(start + size, stop)] == PENDING)
        if len(rows):
            found.append(rows)
    return found


def _fill(
    writer: CacheWriter,
    outcomes: Generator[Outcome, None, None],
    total: int,
    job: Job,
    header: Header,
    progress: Progress,
) -> int:
    """Store what comes, until it ends or Ctrl-C; return how many items were tokenized."""
    settled, new = 0, 0
    with suppress(KeyboardInterrupt), GracefulStop() as stop, closing(outcomes):
        progress(header.modality, 0, total)
        for outcome in outcomes:
            _store(writer, outcome, job)
            new += len(outcome.rows)
            settled += len(outcome.rows) + len(outcome.failed)
            progress(header.modality, settled, total)
            if stop.asked and settled < total:
                break
    if settled < total:
        done = int((writer.status != PENDING).sum())
        raise Interrupted(
            f"{header.modality}: {done:,} of {len(writer.status):,} done; "
            f"the same command{' without --force' if job.force else ''} goes on."
        )
    return new


def _store(writer: CacheWriter, outcome: Outcome, job: Job) -> None:
    """Write the tokens of a batch, and why some of its items have none."""
    writer.write_done(np.array(outcome.rows, dtype=np.int64), outcome.tokens)
    for row, reason in outcome.failed:
        if job.strict:
            raise _strict_error(writer.key(row), reason)
        writer.write_failed(row, reason)


def _strict_error(key: str, reason: str) -> DataError:
    return DataError(
        f"{key}: {reason}.", "Mend or remove it, or leave out --strict to pass over such items."
    )
