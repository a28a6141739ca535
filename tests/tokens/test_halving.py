"""Memory that does not hold a batch: half of it at once, one time."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from token_fakes import Grey, Learner, tokenize

from mygo_cli.cache.format import TokenCache
from mygo_cli.errors import MygoError
from mygo_cli.tokenizing.job import Job


class Narrow(Grey):
    """Has memory for `room` pictures; notes how many it encoded at once."""

    room = 3
    said = "CUDA out of memory. Tried to allocate 2 GiB"

    def __init__(self):
        super().__init__()
        self.sizes = []

    def encode(self, batch):
        if len(batch) > self.room:
            raise RuntimeError(self.said)
        self.sizes.append(len(batch))
        return super().encode(batch)


class NarrowLearner(Learner):
    """Has memory to learn from 2 pictures at once."""

    def fit(self, batches):
        pictures = []
        for batch in batches:
            if len(batch) > 2:
                raise MemoryError
            pictures.append(batch)
        super().fit(pictures)


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path / "cache", batch_size=4)


def tokens(path):
    return TokenCache.open(path).items().tokens


@pytest.mark.parametrize(
    "said",
    [
        Narrow.said,
        "DefaultCPUAllocator: can't allocate memory",
        "DefaultCPUAllocator: not enough memory",
    ],
)
def test_goes_on_with_half_a_batch(graph, job, capsys, monkeypatch, said):
    monkeypatch.setattr(Narrow, "said", said)
    tokenizer = Narrow()
    summary = tokenize(graph, tokenizer, job)
    assert tokenizer.sizes == [2, 2, 2]
    assert capsys.readouterr().err == "Out of memory: going on with 2 pictures at once.\n"
    whole = tokenize(graph, Grey(), replace(job, folder=job.folder / "whole")).path
    np.testing.assert_array_equal(tokens(summary.path), tokens(whole))


@pytest.mark.parametrize(("room", "size"), [(1, 4), (0, 4), (0, 1)])
def test_the_second_time_is_an_error(graph, job, monkeypatch, room, size):
    monkeypatch.setattr(Narrow, "room", room)
    with pytest.raises(MygoError, match=r"fake ran out of memory\. Give a smaller --batch-size"):
        tokenize(graph, Narrow(), replace(job, batch_size=size))


def test_the_same_command_goes_on_after_the_error(graph, job, monkeypatch):
    monkeypatch.setattr(Narrow, "room", 1)
    with pytest.raises(MygoError):
        tokenize(graph, Narrow(), job)
    assert tokenize(graph, Narrow(), replace(job, batch_size=1)).complete


def test_learning_a_codebook(graph, job, capsys):
    path = tokenize(graph, NarrowLearner(), job).path
    assert capsys.readouterr().err.count("Out of memory") == 1
    whole = tokenize(graph, Learner(), replace(job, folder=job.folder / "whole")).path
    np.testing.assert_array_equal(
        TokenCache.open(path).codebook(), TokenCache.open(whole).codebook()
    )
    assert torch.equal(torch.from_numpy(tokens(path)), torch.from_numpy(tokens(whole)))
