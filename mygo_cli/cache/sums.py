"""Checksums of a token cache, and its tokens read with a look at them.

They are CRC-32s, a row each, as rows are written in place one after the other: a filter of HDF5
would need the file to move. Caches of before there were any are read without.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import h5py
import numpy as np

from mygo_cli.cache.sources import DONE
from mygo_cli.graph.triples import Array

ROW_SUMS, SUM = "crc32", "crc32"
NAMES_SUM, OWNERS_SUM = "names_crc32", "owners_crc32"
ROWS_AT_ONCE = 4096


def row_sums(tokens: Array, length: Array) -> Array:
    """Return the checksum of each row, uint32 [I]: of its bytes, begun with its length."""
    rows = zip(np.ascontiguousarray(tokens), length.tolist(), strict=True)
    return np.array([zlib.crc32(row.data, size) for row, size in rows], dtype=np.uint32)


def names_sum(*lists: Sequence[str]) -> int:
    """Return the checksum of lists of names, each name with a NUL byte behind it."""
    text = "".join(f"{name}\0" for names in lists for name in names)
    return zlib.crc32(text.encode("utf-8", "surrogateescape"))


def owners_sum(entity: Array, drop_ids: Array) -> int:
    """Return the checksum of the entity rows of items, then of the ids that are dropped."""
    parts = (np.ascontiguousarray(part, dtype="<i4") for part in (entity, drop_ids))
    return zlib.crc32(b"".join(part.tobytes() for part in parts))


def check_sum(holder: h5py.File | h5py.Dataset, name: str, found: int, what: str) -> None:
    """Raise `ValueError` where an attribute says another checksum; older caches say none."""
    if int(holder.attrs.get(name, found)) != found:
        raise ValueError(f"{what} differ from their checksum")


def stored_codebook(file: h5py.File) -> Array:
    """Return the codebook of a cache, float32 [vocab_size, dim]; raise `ValueError` if damaged."""
    stored = file["codebook"]
    codebook: Array = stored[:]
    if stored.attrs.get("ready", True):
        check_sum(stored, SUM, zlib.crc32(codebook.data), "the token embeddings")
    return codebook


class StoredTokens:
    """The token ids of a cache, [I, max_tokens], read by slices; damaged ones are not given out."""

    def __init__(self, file: h5py.File) -> None:
        self._items = file["items"]
        self._vocab_size = int(file.attrs["vocab_size"])
        self.shape: tuple[int, ...] = self._items["tokens"].shape

    def __getitem__(self, rows: slice, /) -> Array:
        """Return the rows of a slice; raise `ValueError` for what no tokenizer wrote."""
        tokens: Array = self._items["tokens"][rows]
        done = self._items["status"][rows] == DONE  # the others mean nothing
        self._check(tokens[done], self._items["length"][rows][done], rows, done)
        return tokens

    def _check(self, tokens: Array, length: Array, rows: slice, done: Array) -> None:
        valid = np.arange(self.shape[1]) < length[:, None]
        if outside := int((valid & (tokens >= self._vocab_size)).any(axis=1).sum()):
            vocabulary = f"the vocabulary of {self._vocab_size:,}"
            raise ValueError(f"{outside:,} items have token ids outside {vocabulary}")
        if ROW_SUMS in self._items:
            wrong = row_sums(tokens, length) != self._items[ROW_SUMS][rows][done]
            if wrong.any():
                raise ValueError(f"{int(wrong.sum()):,} items differ from their checksum")

    def check_all(self) -> None:
        """Read every row once, some at a time; raise `ValueError` for a damaged one."""
        for start in range(0, self.shape[0], ROWS_AT_ONCE):
            self[start : start + ROWS_AT_ONCE]
