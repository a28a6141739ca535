"""Text tokenizers that learn their codebook from the graph's own texts."""

from __future__ import annotations

import numpy as np
import pytest
from token_fakes import Letters, small_graph, tokenize

from mygo_cli.cache.finding import whole_path
from mygo_cli.cache.format import TokenCache
from mygo_cli.cache.merging import join_shards
from mygo_cli.errors import BackendError, Interrupted
from mygo_cli.tokenizing.job import Job


class OftenestFirst(Letters):
    """One token a letter: how many letters are more frequent in the texts it learned from."""

    description = "letters by frequency"

    def __init__(self, options=None, device="cpu"):
        super().__init__(options, device)
        self.table = None
        self.fitted_on = []

    def fit(self, batches):
        self.fitted_on = [text for texts in batches for text in texts]
        counts = np.bincount([ord(each) % 128 for text in self.fitted_on for each in text])
        self.table = np.zeros((128, 3), dtype=np.float32)
        self.table[: len(counts), 0] = (-counts).argsort(kind="stable").argsort()

    def use_codebook(self, codebook):
        self.table = codebook

    def codebook(self):
        return self.table

    def encode(self, texts):
        return [[int(self.table[i, 0]) for i in ids] for ids in super().encode(texts)]


def content(path):
    cache = TokenCache.open(path)
    items = cache.items()
    return [each.tolist() for each in (items.tokens, items.status, cache.codebook())]


def test_learns_from_all_texts_before_the_first_is_tokenized(graph, tmp_path):
    seen = []

    def progress(what, done, of):
        seen.append((what, done, of))

    tokenizer = OftenestFirst()
    summary = tokenize(graph, tokenizer, Job(tmp_path / "one", batch_size=3), progress)
    assert tokenizer.fitted_on == [
        "description of thing_0",
        "thing 1",
        "description of thing_2",
        "thing 3",
    ]
    assert seen[:3] == [("reading texts", 3, 4), ("reading texts", 4, 4), ("text", 0, 4)]
    assert summary.complete
    cache = TokenCache.open(summary.path)
    np.testing.assert_array_equal(cache.codebook(), tokenizer.codebook())
    assert cache.items().tokens[1, :7].tolist() == tokenizer.encode(["thing 1"])[0]


@pytest.mark.parametrize("batch_size", [1, 3])
def test_what_was_stopped_goes_on_to_the_same_cache(graph, tmp_path, batch_size):
    whole = content(tokenize(graph, OftenestFirst(), Job(tmp_path / "whole")).path)
    job = Job(tmp_path / "parts", batch_size=batch_size)
    tokenize(graph, OftenestFirst(), Job(tmp_path / "parts", batch_size=batch_size, limit=2))
    second = OftenestFirst()
    summary = tokenize(graph, second, job)
    assert second.fitted_on == []
    assert content(summary.path) == whole


def test_shards_learn_the_same_codes(graph, tmp_path):
    whole = content(tokenize(graph, OftenestFirst(), Job(tmp_path / "whole", batch_size=1)).path)
    for number in (1, 2):
        job = Job(tmp_path / "parts", batch_size=1, shard=(number, 2))
        path = tokenize(graph, OftenestFirst(), job).path
    assert content(join_shards(whole_path(path), 2).path) == whole


def test_stopped_while_learning(graph, tmp_path):
    class Impatient(OftenestFirst):
        def fit(self, batches):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="Stopped while learning the codebook"):
        tokenize(graph, Impatient(), Job(tmp_path))
    assert tokenize(graph, OftenestFirst(), Job(tmp_path)).complete


def test_a_plugin_that_cannot_learn_is_named(graph, tmp_path):
    class Broken(OftenestFirst):
        def fit(self, batches):
            raise ValueError("no idea")

    with pytest.raises(BackendError, match=r"--text-backend fake failed in fit: .*no idea"):
        tokenize(graph, Broken(), Job(tmp_path))


def test_few_of_many_texts_are_learned_from(tmp_path, monkeypatch):
    monkeypatch.setattr("mygo_cli.tokenizing.plugins.MOST_TO_LEARN_FROM", 3)
    graph = small_graph(tmp_path / "small", pictures_each=(0,) * 9)
    tokenizer = OftenestFirst()
    assert tokenize(graph, tokenizer, Job(tmp_path / "cache")).complete
    assert [text[-1] for text in tokenizer.fitted_on] == ["0", "4", "8"]
