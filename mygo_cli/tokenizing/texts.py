"""The texts of a graph to token ids, batch by batch."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from mygo_cli.cache.sources import Sources
from mygo_cli.cache.writing import CacheWriter
from mygo_cli.contracts import TextTokenizer
from mygo_cli.graph.triples import Array
from mygo_cli.tokenizing.plugins import Outcome, call, checked, store_codebook

AT_ONCE = 512


@dataclass(frozen=True)
class TextEncoder:
    """A text tokenizer at work on one text an entity. `who` names it in errors."""

    tokenizer: TextTokenizer
    who: str
    sources: Sources
    texts: list[str]
    batch_size: int

    def prepare(self, writer: CacheWriter) -> None:
        """Make sure that the cache holds the codebook."""
        if not writer.has_codebook:
            store_codebook(writer, self.tokenizer, self.who)

    def outcomes(self, batches: list[Array], precision: str) -> Generator[Outcome, None, None]:
        """Yield the token ids of each batch of rows. Words know no number format."""
        for batch in batches:
            ids = call(self.who, self.tokenizer.encode, [self.texts[row] for row in batch])
            tokens = [np.asarray(of_text, dtype=np.int64) for of_text in ids]
            checked(tokens, len(batch), self.tokenizer.info, self.who)
            yield Outcome([int(row) for row in batch], tokens)
