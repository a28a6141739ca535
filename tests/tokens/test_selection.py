"""The m most frequent tokens, against a plain count."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mygo_cli.cache import sources
from mygo_cli.tokens import selection
from mygo_cli.tokens.bags import count_tokens
from mygo_cli.tokens.selection import select_tokens, token_weights


def plain(entity, tokens, length, num_entities, m, drop_ids, max_images):
    """Count with `collections.Counter`, whose ties keep the order of first occurrence."""
    rows = []
    for row in range(num_entities):
        items = [i for i in range(len(entity)) if entity[i] == row and length[i]][:max_images]
        words = [int(t) for i in items for t in tokens[i][: length[i]] if t not in drop_ids]
        rows.append([token for token, _ in Counter(words).most_common(m)])
    return rows


def as_lists(table):
    return [
        [int(table.vocabulary[i]) for i in ids[mask]]
        for ids, mask in zip(table.ids, table.mask, strict=True)
    ]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("max_images", [None, 2])
def test_agrees_with_a_plain_count(seed, max_images, monkeypatch):
    monkeypatch.setattr(sources, "CHUNK", 40)
    rng = np.random.default_rng(seed)
    entity = np.sort(rng.integers(0, 9, 30)).astype(np.int32)
    tokens = rng.integers(0, 12, (30, 7)).astype(np.uint16)
    length = rng.integers(0, 8, 30).astype(np.uint16)
    codebook = rng.standard_normal((12, 3)).astype(np.float32)
    table = select_tokens(
        entity,
        tokens,
        length,
        num_entities=10,
        m=4,
        drop_ids=(0, 3),
        codebook=codebook,
        max_images=max_images,
    )
    assert as_lists(table) == plain(entity, tokens, length, 10, 4, {0, 3}, max_images)
    np.testing.assert_array_equal(table.codes, codebook[table.vocabulary])
    assert (table.ids[~table.mask] == 0).all()
    assert table.ids.dtype == np.int64
    assert table.codes.dtype == np.float32


@pytest.mark.parametrize("large", [6, 1 << 62])
def test_sorted_whether_or_not_the_numbers_can_be_packed(large):
    values, ties = selection._sorted(np.array([5, 1, 5, large, 1]), np.array([0, 4, 2, 3, 1]))
    assert values.tolist() == [1, 1, 5, 5, large]
    assert ties.tolist() == [1, 4, 0, 2, 3]


@pytest.mark.parametrize("items", [0, 3])
def test_no_tokens_at_all(items):
    table = select_tokens(
        np.arange(items),
        np.zeros((items, 5), dtype=np.uint16),
        np.zeros(items, dtype=np.uint16),
        num_entities=4,
        m=2,
        drop_ids=(),
        codebook=np.ones((6, 3), dtype=np.float32),
    )
    assert not table.mask.any()
    assert table.codes.tolist() == [[0.0, 0.0, 0.0]]
    assert table.vocabulary.tolist() == [-1]
    assert table.ids.shape == (4, 2)


def test_padding_behind_the_length_is_not_read():
    table = select_tokens(
        np.array([0]),
        np.array([[4, 0, 0, 0]], dtype=np.uint16),
        np.array([1]),
        num_entities=1,
        m=3,
        drop_ids=(),
        codebook=np.ones((5, 2), dtype=np.float32),
    )
    assert as_lists(table) == [[4]]


@pytest.mark.parametrize("modality", ["image", "text"])
def test_keeps_what_the_published_implementation_keeps(modality):
    """Token files of 150 entities and what their code selects; it orders the kept ids by chance."""
    path = Path(__file__).parents[1] / "data" / "official_selection.npz"
    with np.load(path) as file:
        names = ("entity", "length", "tokens", "kept", "mask")
        entity, length, flat, kept, mask = (file[f"{modality}_{name}"] for name in names)
    tokens = np.zeros((len(entity), length.max()), dtype=np.uint16)
    tokens[np.arange(length.max()) < length[:, None]] = flat
    table = select_tokens(
        entity,
        tokens,
        length,
        num_entities=len(kept),
        m=kept.shape[1],
        drop_ids=(),
        codebook=np.zeros((int(flat.max()) + 1, 1), dtype=np.float32),
    )
    expected = [set(ids[real].tolist()) for ids, real in zip(kept, mask, strict=True)]
    assert [set(ids) for ids in as_lists(table)] == expected


def test_what_many_entities_have_is_weighed_down():
    """Three entities: all have 1, two have 2, and one each has 3, 4 and 5."""
    tokens = np.array([[1, 1, 1, 2, 3, 3], [1, 1, 2, 2, 2, 4], [1, 1, 1, 1, 5, 0]])
    counts = count_tokens(np.repeat(np.arange(3), 6)[:-1], tokens.ravel()[:-1], 5, 7)
    weights = token_weights(counts.start, counts.tokens, 7)
    np.testing.assert_allclose(weights, np.log([1, 1, 1.5, 3, 3, 3, 1]))
    table = select_tokens(
        np.arange(3),
        tokens,
        np.array([6, 6, 5]),
        num_entities=5,
        m=2,
        drop_ids=(),
        codebook=np.zeros((7, 1), dtype=np.float32),
        weights=weights,
    )
    assert as_lists(table) == [[3, 2], [2, 4], [5, 1], [], []]


def test_an_entity_with_a_single_token_counts_among_those_that_have_any():
    weights = token_weights(np.array([0, 2, 3, 3]), np.array([0, 1, 1]), 2)
    np.testing.assert_allclose(weights, np.log([2, 1]))


@pytest.mark.parametrize("seed", range(3))
def test_equal_weights_keep_the_most_frequent(seed, monkeypatch):
    monkeypatch.setattr(sources, "CHUNK", 40)
    rng = np.random.default_rng(seed)
    entity, tokens = np.sort(rng.integers(0, 9, 30)), rng.integers(0, 12, (30, 7))
    tables = [
        select_tokens(
            entity,
            tokens,
            np.full(30, 7),
            num_entities=9,
            m=4,
            drop_ids=(0,),
            codebook=np.zeros((12, 1), dtype=np.float32),
            weights=weights,
        )
        for weights in (None, np.full(12, 0.7))
    ]
    assert as_lists(tables[0]) == as_lists(tables[1])
