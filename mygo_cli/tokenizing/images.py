"""The pictures of a graph to token ids, batch by batch."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from mygo_cli.cache.sources import Sources
from mygo_cli.cache.writing import CacheWriter
from mygo_cli.contracts import ImageTokenizer, LearnsCodebook
from mygo_cli.device import Portion, autocast
from mygo_cli.errors import DataError
from mygo_cli.graph.pictures import quiet_pillow
from mygo_cli.graph.triples import Array
from mygo_cli.progress import Progress
from mygo_cli.tokenizing.loader import PictureLoader
from mygo_cli.tokenizing.plugins import (
    Outcome,
    call,
    checked,
    rows_to_learn_from,
    settle_codebook,
)

AT_ONCE_ON_CPU, AT_ONCE_ELSEWHERE = 32, 128


def at_once(device: torch.device) -> int:
    """Return how many pictures to encode at once where nobody says."""
    return AT_ONCE_ON_CPU if device.type == "cpu" else AT_ONCE_ELSEWHERE


@dataclass(frozen=True)
class PictureEncoder:
    """An image tokenizer at work. `who` names it in errors; `portion` is encoded at once."""

    tokenizer: ImageTokenizer
    who: str
    sources: Sources
    loader: PictureLoader
    device: torch.device
    batch_size: int
    portion: Portion
    progress: Progress

    def prepare(self, writer: CacheWriter) -> None:
        """Make sure that cache and tokenizer hold the same codebook, learned if need be."""

        def learn(tokenizer: LearnsCodebook) -> None:
            with quiet_pillow():
                self.portion.attempt(partial(self._fit, tokenizer, writer.precision))

        settle_codebook(writer, self.tokenizer, self.who, learn)

    def outcomes(self, batches: list[Array], precision: str) -> Generator[Outcome, None, None]:
        """Yield the token ids of each batch of rows, encoded in a number format."""
        encode = partial(call, self.who, partial(self._encode, precision))
        with quiet_pillow(), closing(self.loader.batches(batches)) as loaded:
            for batch in loaded:
                tokens = self.portion.over(batch.pictures, encode) if batch.rows else []
                checked(tokens, len(batch.rows), self.tokenizer.info, self.who)
                yield Outcome(batch.rows, tokens, batch.failed)

    def _encode(self, precision: str, parts: tuple[torch.Tensor, ...]) -> list[Array]:
        """Return the ids of pictures that come in parts (B, 3, S, S)."""
        with torch.inference_mode(), autocast(self.device, precision):
            ids = torch.cat([self.tokenizer.encode(self._moved(part)) for part in parts])
        return list(ids.cpu().numpy())

    def _moved(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.to(self.device, non_blocking=self.loader.pinned)

    def _fit(self, tokenizer: LearnsCodebook, precision: str) -> None:
        with autocast(self.device, precision):
            call(self.who, tokenizer.fit, self._pictures_to_learn_from())

    def _pictures_to_learn_from(self) -> Iterator[torch.Tensor]:
        """Yield batches of readable pictures, the same in every run; raise where there is none."""
        chosen = rows_to_learn_from(len(self.sources.keys))
        read, tried, reason = 0, 0, ""
        batches = np.split(chosen, range(self.batch_size, len(chosen), self.batch_size))
        with closing(self.loader.batches(batches)) as loaded:
            for batch in loaded:
                read, tried = read + len(batch.rows), tried + len(batch.rows) + len(batch.failed)
                self.progress("reading pictures", tried, len(chosen))
                for row, why in batch.failed:
                    reason = reason or f"{self.sources.keys[row]}: {why}"
                if batch.rows:
                    yield from map(self._moved, self.portion.split(batch.pictures))
        if not read:
            raise DataError(
                f"No picture can be read. {reason}.", "Mend one, or leave them out: --no-image"
            )
