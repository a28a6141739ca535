"""The tokens kept of each entity: what the model reads of one modality (paper, 4.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mygo_cli.cache.sources import entity_chunks
from mygo_cli.graph.triples import Array
from mygo_cli.tokens.bags import TokenBags, bags_of


class Rows(Protocol):
    """Something [I, T] that gives rows by slice: an array, or a dataset still in its file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (I, T)."""
        ...

    def __getitem__(self, rows: slice, /) -> Array:
        """Return the rows of a slice as an array."""
        ...


@dataclass(frozen=True)
class TokenTable:
    """The tokens that each entity keeps of one modality.

    `ids` int64 [E, m], rows of `codes`, 0 where masked; `mask` bool [E, m], True for a real token,
    and these come first in each row, the one that counts most first; `codes` float32 [K, dim], the
    embeddings of the distinct tokens in use; `vocabulary` int64 [K], the token id of each row of
    `codes`, ascending. Where nobody has a token `codes` is one row of zeros, its token id -1.
    `bags` are all tokens of each entity, where they were read, too.
    """

    ids: Array
    mask: Array
    codes: Array
    vocabulary: Array
    bags: TokenBags | None = None

    def all_tokens(self) -> TokenBags:
        """Return all tokens of each entity, as far as they were read."""
        if self.bags is not None:
            return self.bags
        owner, place = self.mask.nonzero()
        return bags_of(owner, self.ids[owner, place], len(self.ids), self.codes)


def select_tokens(  # noqa: PLR0913 - each decides what is kept
    entity: Array,
    tokens: Rows,
    length: Array,
    *,
    num_entities: int,
    m: int,
    drop_ids: Sequence[int] | Array,
    codebook: Array,
    max_images: int | None = None,
    weights: Array | None = None,
) -> TokenTable:
    """Keep the m tokens of each entity that count most, ties by first occurrence.

    A token counts as often as it occurs, times its weight where there are `weights`, float64
    [vocab_size] (`token_weights`).

    `entity` int [I], ascending: whose picture or text each item is; `tokens` [I, T] in reading or
    raster order, of which the first `length` [I] are valid. An item of length 0 does not count.
    `drop_ids` are never kept. Of each entity at most the first `max_images` items are read.
    `codebook` float32 [vocab_size, dim].
    """
    kept = np.zeros((num_entities, m), dtype=np.int64)
    mask = np.zeros((num_entities, m), dtype=bool)
    positions = counted_positions(entity, tokens, length, drop_ids, len(codebook), max_images)
    for owner, token in positions:
        row, place, most = _kept(owner, token, len(codebook), m, weights)
        kept[row, place] = most
        mask[row, place] = True
    return _table(kept, mask, codebook)


def token_weights(start: Array, tokens: Array, vocab_size: int) -> Array:
    """Return log(N / n) of each token that n of the N entities with tokens have, float64.

    That is the inverse document frequency (Sparck Jones 1972), 0 for what all have and for what
    nobody has. `start` and `tokens` as in `TokenCounts`.
    """
    owners = np.bincount(tokens, minlength=vocab_size)
    count = int((np.diff(start) > 0).sum())
    weights: Array = np.log(max(count, 1) / np.where(owners > 0, owners, max(count, 1)))
    return weights


def padded(items: Sequence[Array]) -> tuple[Array, Array]:
    """Return the token ids of I items (T,) as rows, int64 [I, T], and how many count, [I]."""
    length = np.array([len(item) for item in items], dtype=np.int64)
    tokens = np.zeros((len(items), int(length.max(initial=0))), dtype=np.int64)
    for row, item in enumerate(items):
        tokens[row, : len(item)] = item
    return tokens, length


def counted_positions(
    entity: Array,
    tokens: Rows,
    length: Array,
    drop_ids: Sequence[int] | Array,
    vocab_size: int,
    max_images: int | None,
) -> Iterator[tuple[Array, Array]]:
    """Yield the entity and token id, int64 (P,), of the positions that count, piece by piece.

    They are in reading order, and no entity stands in two pieces. See `select_tokens`.
    """
    length = np.asarray(length, dtype=np.int64)
    entity = np.asarray(entity, dtype=np.int64)
    if max_images is not None:
        length = np.where(_place_among_counted(entity, length > 0) < max_images, length, 0)
    dropped = np.zeros(vocab_size, dtype=bool)
    dropped[np.asarray(drop_ids, dtype=np.int64)] = True
    for start, stop in entity_chunks(entity, tokens.shape[1]):
        valid = np.arange(tokens.shape[1]) < length[start:stop, None]
        token = tokens[start:stop][valid].astype(np.int64)
        owner = np.repeat(entity[start:stop], length[start:stop])
        counted = ~dropped[token]
        yield owner[counted], token[counted]


def _place_among_counted(entity: Array, counts: Array) -> Array:
    """Return how many counted items of the same entity stand before each item."""
    before = np.cumsum(counts) - counts
    first = np.searchsorted(entity, entity)
    place: Array = before - before[first] if len(entity) else before
    return place


def _kept(
    owner: Array, token: Array, vocab_size: int, m: int, weights: Array | None
) -> tuple[Array, Array, Array]:
    """Return entity, place among its kept tokens and token id of each kept token.

    `owner` and `token` int64 [P] are the entity and token id of each position, in reading order.
    """
    if not len(token):
        return owner, owner, token
    base = int(owner[0])
    pair, position = _sorted((owner - base) * vocab_size + token, np.arange(len(token)))
    group = np.flatnonzero(np.diff(pair, prepend=-1))
    count = np.diff(group, append=len(pair))
    first, most = position[group], int(count.max())
    if weights is None:
        _, first = _sorted((owner[first] - base) * (most + 1) + most - count, first)
    else:
        first = first[np.lexsort((first, -count * weights[token[first]], owner[first]))]
    entity = owner[first]
    place = np.arange(len(entity)) - np.searchsorted(entity, entity)
    keep = place < m
    return entity[keep], place[keep], token[first[keep]]


def _sorted(values: Array, ties: Array) -> tuple[Array, Array]:
    """Return both arrays in ascending order of `values`, then of `ties`, all whole numbers >= 0.

    Both are packed into one number where they fit: sorting numbers is several times as fast as
    sorting places.
    """
    bits = int(ties.max()).bit_length()
    if int(values.max()).bit_length() + bits > 63:
        order = np.lexsort((ties, values))
        return values[order], ties[order]
    packed = np.sort(values << bits | ties)
    return packed >> bits, packed & ((1 << bits) - 1)


def _table(kept: Array, mask: Array, codebook: Array) -> TokenTable:
    """Return the table of kept token ids, with the codebook rows that are in use only."""
    used = np.zeros(len(codebook), dtype=bool)
    used[kept[mask]] = True
    vocabulary = np.flatnonzero(used)
    if not len(vocabulary):
        empty = np.zeros((1, codebook.shape[1]), dtype=np.float32)
        return TokenTable(np.zeros_like(kept), mask, empty, np.array([-1], dtype=np.int64))
    row_of = np.zeros(len(codebook), dtype=np.int64)
    row_of[vocabulary] = np.arange(len(vocabulary))
    ids = np.where(mask, row_of[kept], 0)
    codes = np.ascontiguousarray(codebook[vocabulary], dtype=np.float32)
    return TokenTable(ids, mask, codes, vocabulary)
