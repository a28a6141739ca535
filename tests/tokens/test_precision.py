"""bf16: which caches it makes, and what it does to the tokens."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from token_fakes import Grey, Learner, Letters, tokenize

from mygo_cli.cache.format import TokenCache
from mygo_cli.cache.merging import merge_caches
from mygo_cli.errors import DataError
from mygo_cli.tokenizing.job import Job
from mygo_plugins.image.beitv2 import BeitV2, BeitV2Options
from mygo_plugins.image.visual_words import VisualWords, VisualWordsOptions
from mygo_plugins.image.vqgan import VQGAN, VQGANOptions

PARITY = Path(__file__).parents[1] / "data" / "parity"


class Watching(Learner):
    """Notes the number format that matrix products have while it learns and encodes."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def fit(self, batches):
        self.seen.add(("fit", (torch.ones(2, 2) @ torch.ones(2, 2)).dtype))
        super().fit(batches)

    def encode(self, batch):
        assert batch.dtype == torch.float32
        self.seen.add(("encode", (torch.ones(2, 2) @ torch.ones(2, 2)).dtype))
        return super().encode(batch)


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path / "cache", batch_size=2)


@pytest.mark.parametrize(
    ("asked", "recorded", "dtype"),
    [
        ("auto", "float32", torch.float32),
        ("float32", "float32", torch.float32),
        ("bf16", "bf16", torch.bfloat16),
    ],
)
def test_learns_and_encodes_in_the_precision_that_the_cache_records(
    graph, job, asked, recorded, dtype
):
    tokenizer = Watching()
    path = tokenize(graph, tokenizer, replace(job, precision=asked)).path
    assert TokenCache.open(path).header.precision == recorded
    assert tokenizer.seen == {("fit", dtype), ("encode", dtype)}


def test_texts_are_not_encoded_by_a_network(graph, job):
    path = tokenize(graph, Letters(), replace(job, precision="bf16")).path
    assert TokenCache.open(path).header.precision == "float32"


@pytest.mark.parametrize(("first", "then"), [("float32", "bf16"), ("bf16", "float32")])
def test_a_cache_goes_on_in_its_precision(graph, job, first, then, capsys):
    tokenize(graph, Learner(), replace(job, precision=first, limit=2))
    assert capsys.readouterr().err == ""
    tokenizer, asked = Watching(), replace(job, precision=then)
    path = tokenize(graph, tokenizer, asked).path
    assert TokenCache.open(path).header.precision == first
    assert tokenizer.seen == {("encode", torch.float32 if first == "float32" else torch.bfloat16)}
    line = f"{path} was begun in {first} and stays so; --force makes it in {then}."
    assert capsys.readouterr().err.splitlines() == [line]
    assert tokenize(graph, Learner(), asked).new == 0
    assert capsys.readouterr().err.splitlines() == [line]
    assert tokenize(graph, Learner(), replace(asked, force=True)).new == 6
    assert TokenCache.open(path).header.precision == then
    assert capsys.readouterr().err == ""


def test_a_cache_that_does_not_say_is_float32(graph, job, capsys):
    path = tokenize(graph, Grey(), job).path
    with h5py.File(path, "r+") as file:
        del file.attrs["precision"]
    assert TokenCache.open(path).header.precision == "float32"
    assert tokenize(graph, Grey(), job).new == 0
    assert capsys.readouterr().err == ""


def test_shards_of_different_precision_are_not_merged(graph, job, tmp_path):
    paths = [
        tokenize(graph, Grey(), replace(job, shard=(number, 2), precision=precision)).path
        for number, precision in ((1, "float32"), (2, "bf16"))
    ]
    with pytest.raises(DataError, match="differ in precision"):
        merge_caches(tmp_path / "merged.h5", paths)


@pytest.mark.parametrize(
    ("make", "least"),
    [
        (lambda: BeitV2(BeitV2Options(str(PARITY / "vqkd_tiny.pth")), "cpu"), 0.9),
        (lambda: VQGAN(VQGANOptions(str(PARITY / "vqgan_tiny.ckpt")), "cpu"), 0.9),
        (lambda: VisualWords(VisualWordsOptions(words=16), "cpu"), 0.9),
    ],
)
def test_bf16_moves_few_tokens(make, least):
    """Only the network is rounded: the nearest code is sought in float32."""
    tokenizer = make()
    pictures = [Image.open(path) for path in sorted((PARITY / "images").iterdir())[:1]]
    batch = torch.from_numpy(np.stack([tokenizer.prepare(picture) for picture in pictures]))
    if isinstance(tokenizer, VisualWords):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            tokenizer.fit([batch])
        assert np.isfinite(tokenizer.codebook()).all()
    exact = tokenizer.encode(batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = tokenizer.encode(batch)
    assert rounded.dtype == torch.int64
    assert rounded.shape == exact.shape
    assert (rounded == exact).float().mean() >= least
