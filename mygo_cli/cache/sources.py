"""What a cache is made of: one item per picture or text, and a digest that tells of changes."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Array
from mygo_cli.progress import Progress, silent

In = TypeVar("In")
Out = TypeVar("Out")


def in_order(
    work: Callable[[In], Out], items: Iterable[In], workers: int, ahead: int
) -> Generator[Out, None, None]:
    """Yield `work(item)` for each item in their order, computed by `workers` threads.

    At most `ahead` results wait or are being made. Threads do, as Pillow, NumPy and hashlib let
    go of the interpreter while they work. An exception of `work` is raised in its turn.
    """
    pool = ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="mygo-loader")
    waiting: deque[Future[Out]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= max(1, ahead):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


TEXT_KEY = "text"
PENDING, DONE, FAILED = 0, 1, 2  # the states of an item

# Positions sorted at once: bounds memory to some 100 MB whatever the number of pictures.
CHUNK = 1 << 21


@dataclass(frozen=True)
class Sources:
    """The items of one modality.

    `entity` int32 [I], ascending: the entity row of each; `keys`: the picture's path relative to
    `images/`, or `text`; `sha256`: over keys and contents. Dates and places do not count, so a
    dataset folder may be copied elsewhere.
    """

    entity: Array
    keys: tuple[str, ...]
    sha256: str


def image_sources(graph: KnowledgeGraph, workers: int = 2, progress: Progress = silent) -> Sources:
    """Return the pictures of a graph. Reads every file once, for the digest."""
    pictures = graph.pictures()
    keys = tuple(key for of_entity in pictures for key in of_entity)
    entity = np.repeat(np.arange(len(pictures)), [len(of_entity) for of_entity in pictures])
    digest = hashlib.sha256()
    files = (graph.images / key for key in keys)
    with closing(in_order(_digest, files, workers, ahead=64 * workers)) as contents:
        for number, (key, content) in enumerate(zip(keys, contents, strict=True), start=1):
            digest.update(_entry(key, content))
            progress("checking pictures", number, len(keys))
    return Sources(entity.astype(np.int32), keys, digest.hexdigest())


def text_sources(graph: KnowledgeGraph) -> tuple[Sources, list[str]]:
    """Return the items of a graph's texts, one per entity, and the texts.

    An entity without a description is described by its name, in which an id's underscores become
    spaces.
    """
    texts = [
        description if description and description.strip() else name.replace("_", " ")
        for description, name in zip(graph.descriptions(), graph.names, strict=True)
    ]
    digest = hashlib.sha256()
    for text in texts:
        digest.update(_entry(TEXT_KEY, hashlib.sha256(text.encode()).digest()))
    entity = np.arange(len(texts), dtype=np.int32)
    return Sources(entity, (TEXT_KEY,) * len(texts), digest.hexdigest()), texts


def _digest(path: Path) -> bytes:
    """Return the sha256 of a file; of a fixed word where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:
        return hashlib.sha256(b"unreadable").digest()
    return digest.digest()


def _entry(key: str, content: bytes) -> bytes:
    """Return what an item adds to the digest of all."""
    return key.encode() + b"\0" + content


def entity_chunks(entity: Array, width: int) -> Iterator[tuple[int, int]]:
    """Yield slices of items that hold whole entities and about `CHUNK` token positions."""
    starts = np.flatnonzero(np.diff(entity, prepend=-1))
    start = 0
    while start < len(entity):
        target = start + max(1, CHUNK // max(1, width))
        place = int(np.searchsorted(starts, target))
        stop = int(starts[place]) if place < len(starts) else len(entity)
        yield start, stop
        start = stop
