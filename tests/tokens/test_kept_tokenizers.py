"""A tokenizer is made once for a cache, and the last few are kept."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from token_fakes import Learner, tokenize, write_graph

from mygo_cli.cache.format import TokenCache
from mygo_cli.graph.reading import read_graph
from mygo_cli.tokenizing import plugins
from mygo_cli.tokenizing.job import Job
from mygo_cli.tokenizing.plugins import MOST_KEPT, rebuild


@pytest.fixture(autouse=True)
def _fake_backends(monkeypatch):
    found = SimpleNamespace(package="fakes", version="1")
    fakes = SimpleNamespace(load=lambda *_: Learner, find=lambda *_: found)
    monkeypatch.setattr(plugins, "backends", fakes)
    monkeypatch.setattr(plugins, "_KEPT", {})


def made(folder, seed=0, **options):
    graph = read_graph(write_graph(folder / f"graph-{seed}", seed=seed))
    summary = tokenize(graph, Learner(), Job(folder / "caches", workers=1, **options))
    return TokenCache.open(summary.path)


def test_it_is_kept(tmp_path):
    cache = made(tmp_path)
    first = rebuild(cache, "cpu")
    assert rebuild(TokenCache.open(cache.path), "cpu") is first
    assert (first.tokenizer.codebook() == cache.codebook()).all()
    assert rebuild(made(tmp_path, seed=1), "cpu") is not first


def test_only_a_few_are_kept(tmp_path):
    caches = [made(tmp_path, seed) for seed in range(MOST_KEPT + 1)]
    first, *others = [rebuild(cache, "cpu") for cache in caches]
    assert all(
        rebuild(cache, "cpu") is kept for cache, kept in zip(caches[1:], others, strict=True)
    )
    assert rebuild(caches[0], "cpu") is not first
    assert len(plugins._KEPT) == MOST_KEPT
