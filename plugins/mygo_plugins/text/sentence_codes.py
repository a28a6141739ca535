"""Sentence codes: what each sentence says, as a few codes from coarse to fine."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans

from mygo_cli.contracts import TextTokenizer, TokenizerInfo, check_bounds, setting
from mygo_cli.errors import DataError
from mygo_cli.files import file_sha256
from mygo_plugins.text.bert import WAY_OUT, read_tokenizer, text_model_files
from mygo_plugins.text.sentence_encoder import SentenceEncoder, sentence_model_files, width_of

# A sentence ends at a mark before white space, at one of Chinese and Japanese, and with its line.
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
SENTENCES_A_CODE = 8  # at least, on average: what only one sentence has tells of no other


@dataclass(frozen=True)
class SentenceCodesOptions:
    """Which encoder, how much of a text, and how finely sentences are told apart."""

    model: str | None = setting(
        None, "Folder or Hugging Face name of a model; default: the packaged MiniLM."
    )
    sentences: int = setting(32, "Sentences read of each text.", least=1)
    levels: int = setting(2, "Codes of a sentence, from coarse to fine.", least=1)
    codes: int = setting(256, "Codes to choose from on each level.", least=1)
    seed: int = setting(0, "Seed of k-means.", least=0)

    def __post_init__(self) -> None:
        check_bounds(self)


class SentenceCodes(TextTokenizer):
    """Semantic ids: sentence vectors, residual-quantised by k-means over the graph's texts.

    The first code of a sentence is the centroid nearest to its vector, the next one the centroid
    nearest to what that leaves, and so on (residual vector quantisation, Chen et al. 2010; as ids
    of items in Rajput et al. 2023).
    """

    description = "what sentences say, as codes of their vectors by k-means (packaged: MiniLM)"
    Options = SentenceCodesOptions

    def __init__(self, options: SentenceCodesOptions, device: str) -> None:
        self.options = options
        self._device = device
        files = text_model_files(options.model)
        self._config, self._weights = sentence_model_files(files, WAY_OUT)
        self._tokenizer = read_tokenizer(files)
        self._codes: NDArray[np.float32] | None = None

    @cached_property
    def info(self) -> TokenizerInfo:
        """Sizes and identity: the digest covers weights, tokenizer and options."""
        options = asdict(self.options) | {"model": file_sha256(self._weights)}
        digest = hashlib.sha256(repr(sorted(options.items())).encode())
        digest.update(self._tokenizer.to_str().encode())
        count, levels = self.options.codes, self.options.levels
        most = levels * self.options.sentences
        return TokenizerInfo(levels * count, width_of(self._config), most, digest.hexdigest())

    def fit(self, batches: Iterable[Sequence[str]]) -> None:
        """Find the codes in batches of texts, one level after the other.

        Equal sentences count once. Each code is sought for 8 sentences at least, so a small graph
        uses fewer than there are; the rest of a level is zero and never used.
        """
        distinct = dict.fromkeys(each for texts in batches for each in self._read(texts))
        if not distinct:
            raise DataError("There are no texts to find sentence codes in.")
        left = self._encoder.vectors(list(distinct))
        count = min(self.options.codes, max(1, len(left) // SENTENCES_A_CODE))
        codes = np.zeros((self.options.levels, self.options.codes, left.shape[1]), np.float32)
        for level in codes:
            means = MiniBatchKMeans(
                count, random_state=self.options.seed, batch_size=4096, n_init=1, max_iter=50
            )
            level[:count] = means.fit(left).cluster_centers_
            left = left - level[_nearest(left, level)]
        self.use_codebook(codes.reshape(self.info.vocab_size, -1))

    def use_codebook(self, codebook: NDArray[np.float32]) -> None:
        """Take over codes found before, float32 (levels x codes, dim)."""
        self._codes = np.array(codebook, dtype=np.float32)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the codes of each sentence of each text, in reading order, coarse to fine."""
        levels = self.codebook().reshape(self.options.levels, self.options.codes, -1)
        read = [self._read([text]) for text in texts]
        left = self._encoder.vectors([sentence for of_text in read for sentence in of_text])
        ids = np.zeros((len(left), len(levels)), dtype=np.int64)
        for number, level in enumerate(levels):
            found = _nearest(left, level)
            ids[:, number] = number * self.options.codes + found
            left = left - level[found]
        ends = np.cumsum([len(of_text) for of_text in read])[:-1]
        return [part.ravel().tolist() for part in np.split(ids, ends)]

    def codebook(self) -> NDArray[np.float32]:
        """Return the centroids level by level, float32 (levels x codes, dim)."""
        if self._codes is None:
            raise DataError("The sentence codes are not known yet.", "Call fit or use_codebook.")
        return self._codes

    def word_pieces(self, ids: Sequence[int]) -> list[str]:
        """Return each id as its level, from 1, and its number on that level, from 0."""
        return [f"{1 + i // self.options.codes}:{i % self.options.codes}" for i in ids]

    def _read(self, texts: Sequence[str]) -> list[str]:
        """Return the sentences read of texts."""
        most = self.options.sentences
        parts = ([part.strip() for part in SENTENCE_END.split(text)] for text in texts)
        return [each for of_text in parts for each in [part for part in of_text if part][:most]]

    @cached_property
    def _encoder(self) -> SentenceEncoder:
        """The model, read when it is first needed: to show stored codes it is not."""
        return SentenceEncoder(self._config, self._weights, self._tokenizer, self._device)


def _nearest(vectors: NDArray[np.float32], level: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the row of the nearest code in use for each vector (S, dim), int64 (S,)."""
    length = np.square(level).sum(1)
    scores = vectors @ level.T - length / 2
    nearest: NDArray[np.int64] = np.where(length > 0, scores, -np.inf).argmax(1)
    return nearest
