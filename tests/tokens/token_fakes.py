"""Small tokenizers that need no weights, and a graph to run them on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from mygo_cli.contracts import ImageTokenizer, TextTokenizer, TokenizerInfo
from mygo_cli.graph.reading import read_graph
from mygo_cli.progress import silent
from mygo_cli.tokenizing.job import tokenize_with
from mygo_cli.tokenizing.plugins import NamedTokenizer

SIZE, PATCH, VOCAB = 16, 4, 64


@dataclass(frozen=True)
class FakeOptions:
    levels: int = 64
    weights: Path | None = None


class Grey(ImageTokenizer):
    """Brightness of each of 4 x 4 patches, in 64 levels."""

    description = "patch brightness"
    Options = FakeOptions

    def __init__(self, options: Any = None, device: str = "cpu") -> None:
        self.options = options or FakeOptions()

    @property
    def info(self) -> TokenizerInfo:
        fingerprint = hashlib.sha256(f"{self.description} {self.options}".encode()).hexdigest()
        return TokenizerInfo(VOCAB, 2, (SIZE // PATCH) ** 2, fingerprint, (0,))

    def prepare(self, image: Image.Image) -> np.ndarray:
        small = image.resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        return np.asarray(small, dtype=np.float32).transpose(2, 0, 1) / 255

    def encode(self, batch: torch.Tensor) -> torch.Tensor:
        patches = torch.nn.functional.avg_pool2d(batch.mean(1, keepdim=True), PATCH)
        return (patches.flatten(1) * (VOCAB - 1)).round().long()

    def codebook(self) -> np.ndarray:
        return np.stack([np.arange(VOCAB), np.ones(VOCAB)], axis=1).astype(np.float32)


class Learner(Grey):
    """As `Grey`, with a codebook that depends on the pictures it was fitted on."""

    description = "patch brightness around a learned mean"

    def __init__(self, options: Any = None, device: str = "cpu") -> None:
        super().__init__(options, device)
        self.table: np.ndarray | None = None
        self.fitted_on = 0

    def fit(self, batches: Iterable[torch.Tensor]) -> None:
        pictures = torch.cat(list(batches))
        self.fitted_on = len(pictures)
        self.table = super().codebook() * float(pictures.mean())

    def use_codebook(self, codebook: np.ndarray) -> None:
        self.table = codebook

    def codebook(self) -> np.ndarray:
        assert self.table is not None
        return self.table

    def encode(self, batch: torch.Tensor) -> torch.Tensor:
        return ((super().encode(batch) + 1) * float(self.codebook()[1, 0])).long() % VOCAB


class Letters(TextTokenizer):
    """One token a letter."""

    description = "letters"
    Options = FakeOptions

    def __init__(self, options: Any = None, device: str = "cpu") -> None:
        self.options = options or FakeOptions()

    @property
    def info(self) -> TokenizerInfo:
        return TokenizerInfo(128, 3, 12, hashlib.sha256(b"letters").hexdigest(), (32,))

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        return [[ord(letter) % 128 for letter in text[:12]] for text in texts]

    def codebook(self) -> np.ndarray:
        return np.arange(128 * 3, dtype=np.float32).reshape(128, 3)

    def word_pieces(self, ids: Sequence[int]) -> list[str]:
        return [chr(token) for token in ids]


def write_graph(folder: Path, pictures_each: Sequence[int] = (2, 0, 1, 3), seed: int = 0) -> Path:
    """Write a small dataset folder: a chain of entities, some with pictures, some described."""
    rng = np.random.default_rng(seed)
    names = [f"thing_{number}" for number in range(len(pictures_each))]
    folder.mkdir(parents=True, exist_ok=True)
    chain = pairwise(names)
    (folder / "train.txt").write_text("".join(f"{a}\tnext\t{b}\n" for a, b in chain))
    described = "".join(f"{name}\tdescription of {name}\n" for name in names[::2])
    (folder / "descriptions.tsv").write_text(described)
    for name, count in zip(names, pictures_each, strict=True):
        for number in range(count):
            place = folder / "images" / name / f"{number}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            coarse = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8))
            coarse.resize((30, 20)).save(place)
    return folder


def small_graph(folder: Path, **changes: Any):
    return read_graph(write_graph(folder, **changes))


def tokenize(graph, tokenizer, job, progress=silent, backend="fake", package=""):
    """Tokenize one modality of a graph with a tokenizer of this file."""
    return tokenize_with(graph, NamedTokenizer(tokenizer, backend, package), job, progress)
