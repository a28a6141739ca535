"""Tokenizing the pictures of a graph."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from mygo_cli.cache.finding import IMAGE
from mygo_cli.cache.sources import image_sources
from mygo_cli.cache.stats import Summary
from mygo_cli.cache.writing import CacheWriter
from mygo_cli.contracts import ImageTokenizer, LearnsCodebook
from mygo_cli.device import Portion, autocast, choose_precision
from mygo_cli.errors import DataError, Interrupted
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.pictures import quiet_pillow
from mygo_cli.progress import Progress, silent
from mygo_cli.tokenizing.job import Job, Task, run
from mygo_cli.tokenizing.loader import PictureLoader
from mygo_cli.tokenizing.plugins import Array, Outcome, call, check_codebook, checked

# A codebook is learned from at most so many pictures, evenly spread over all.
PICTURES_TO_LEARN_FROM = 4096

AT_ONCE_ON_CPU, AT_ONCE_ELSEWHERE = 32, 128


def tokenize_images(
    graph: KnowledgeGraph, tokenizer: ImageTokenizer, job: Job, progress: Progress = silent
) -> Summary:
    """Tokenize the pictures of a graph, or what a run before left of them.

    A picture that cannot be read is noted in the cache and passed over. Raises what `job.run`
    raises, and `DataError` for a graph without pictures.
    """
    sources = image_sources(graph, job.threads, progress)
    if not sources.keys:
        raise DataError(f"{graph.folder} has no pictures.", "Put some in images/<entity>/.")
    size = job.batch_size or (AT_ONCE_ON_CPU if job.device == "cpu" else AT_ONCE_ELSEWHERE)
    device = torch.device(job.device)
    pinned = device.type == "cuda"
    loader = PictureLoader(tokenizer, graph.images, sources.keys, job.threads, pinned)
    who = f"--image-backend {job.backend}"
    encoder = PictureEncoder(loader, who, device, size, Portion(size, "pictures"), progress)
    precision = choose_precision(job.precision, device)
    header = job.header(graph, IMAGE, tokenizer.info, sources, precision)
    task = Task(header, sources, size, encoder.encode)
    with quiet_pillow():
        return run(job, task, graph, progress)


@dataclass(frozen=True)
class PictureEncoder:
    """An image tokenizer at work. `who` names it in errors; `portion` is encoded at once."""

    loader: PictureLoader
    who: str
    device: torch.device
    batch_size: int
    portion: Portion
    progress: Progress

    def encode(self, writer: CacheWriter, batches: list[Array]) -> Generator[Outcome, None, None]:
        """Give the tokenizer its codebook, then return the token ids batch by batch."""
        tokenizer = self.loader.tokenizer
        # A cache keeps to the number format that it was begun in.
        precision = writer.precision
        if not writer.has_codebook:
            if isinstance(tokenizer, LearnsCodebook):
                self._learn(tokenizer, precision)
            codebook = tokenizer.codebook()
            check_codebook(codebook, tokenizer.info, self.who)
            writer.write_codebook(codebook)
        if isinstance(tokenizer, LearnsCodebook):
            # Also right after learning, so that an interrupted run cannot differ from this one.
            call(self.who, tokenizer.use_codebook, writer.codebook())
        return self._outcomes(batches, precision)

    def _outcomes(self, batches: list[Array], precision: str) -> Generator[Outcome, None, None]:
        info = self.loader.tokenizer.info
        with closing(self.loader.batches(batches)) as loaded:
            for batch in loaded:
                encode = partial(call, self.who, self._encode, batch.pictures, precision)
                tokens = self.portion.attempt(encode) if batch.rows else []
                checked(tokens, len(batch.rows), info, self.who)
                yield Outcome(batch.rows, tokens, batch.failed)

    def _encode(self, pictures: torch.Tensor, precision: str) -> list[Array]:
        with torch.inference_mode(), autocast(self.device, precision):
            parts = self.portion.split(self._moved(pictures))
            ids = torch.cat([self.loader.tokenizer.encode(part) for part in parts])
        return list(ids.cpu().numpy())

    def _moved(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.to(self.device, non_blocking=self.loader.pinned)

    def _learn(self, tokenizer: LearnsCodebook, precision: str) -> None:
        try:
            self.portion.attempt(partial(self._fit, tokenizer, precision))
        except KeyboardInterrupt as error:
            raise Interrupted("Stopped while learning the codebook; nothing is lost.") from error

    def _fit(self, tokenizer: LearnsCodebook, precision: str) -> None:
        with autocast(self.device, precision):
            call(self.who, tokenizer.fit, self._pictures_to_learn_from())

    def _pictures_to_learn_from(self) -> Iterator[torch.Tensor]:
        """Yield batches of readable pictures, the same in every run; raise where there is none."""
        count = len(self.loader.keys)
        chosen = np.linspace(0, count - 1, min(count, PICTURES_TO_LEARN_FROM)).astype(np.int64)
        read, tried, reason = 0, 0, ""
        batches = np.split(chosen, range(self.batch_size, len(chosen), self.batch_size))
        with closing(self.loader.batches(batches)) as loaded:
            for batch in loaded:
                read, tried = read + len(batch.rows), tried + len(batch.rows) + len(batch.failed)
                self.progress("reading pictures", tried, len(chosen))
                for row, why in batch.failed:
                    reason = reason or f"{self.loader.keys[row]}: {why}"
                if batch.rows:
                    yield from map(self._moved, self.portion.split(batch.pictures))
        if not read:
            raise DataError(f"No picture can be read. {reason}.")
