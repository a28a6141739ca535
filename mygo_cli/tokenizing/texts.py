"""The texts of a graph to token ids, batch by batch."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np

from mygo_cli.cache.sources import Sources
from mygo_cli.cache.writing import CacheWriter
from mygo_cli.contracts import LearnsCodebook, TextTokenizer
from mygo_cli.graph.triples import Array
from mygo_cli.progress import Progress, silent
from mygo_cli.tokenizing.plugins import (
    Outcome,
    call,
    checked,
    rows_to_learn_from,
    settle_codebook,
)

AT_ONCE = 512
UNKNOWN = 0.2  # of the words: English texts have hardly any
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TextEncoder:
    """A text tokenizer at work on one text an entity. `who` names it in errors."""

    tokenizer: TextTokenizer
    who: str
    sources: Sources
    texts: list[str]
    batch_size: int
    progress: Progress = silent

    def prepare(self, writer: CacheWriter) -> None:
        """Make sure that cache and tokenizer hold the same codebook, learned if need be."""

        def learn(tokenizer: LearnsCodebook) -> None:
            call(self.who, tokenizer.fit, self._texts_to_learn_from())

        settle_codebook(writer, self.tokenizer, self.who, learn)

    def _texts_to_learn_from(self) -> Iterator[list[str]]:
        """Yield batches of texts, the same in every run whatever is done already."""
        chosen = rows_to_learn_from(len(self.texts))
        for start in range(0, len(chosen), self.batch_size):
            rows = chosen[start : start + self.batch_size]
            self.progress("reading texts", start + len(rows), len(chosen))
            yield [self.texts[row] for row in rows]

    def outcomes(self, batches: list[Array], precision: str) -> Generator[Outcome, None, None]:
        """Yield the token ids of each batch of rows. Words know no number format.

        At the end it is said where the vocabulary lacks many words: nothing is learned from them.
        """
        read, unknown = 0, 0
        for batch in batches:
            ids = call(self.who, self.tokenizer.encode, [self.texts[row] for row in batch])
            tokens = [np.asarray(of_text, dtype=np.int64) for of_text in ids]
            checked(tokens, len(batch), self.tokenizer.info, self.who)
            read += sum(map(len, tokens))
            unknown += sum(int((ids == self.tokenizer.unknown_id).sum()) for ids in tokens)
            yield Outcome([int(row) for row in batch], tokens)
        if unknown > UNKNOWN * read:
            log.warning(
                f"{unknown / read:.0%} of the words are not in the vocabulary of {self.who} and "
                "tell nothing. --text-model takes a model of the language that the texts are in."
            )
