"""Shards of a token cache, each with some items done, to one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from mygo_cli.cache.finding import shard_path
from mygo_cli.cache.format import TokenCache, opened
from mygo_cli.cache.opening import open_to_fill
from mygo_cli.cache.sources import DONE, FAILED, PENDING, Sources
from mygo_cli.cache.stats import Summary, summarize
from mygo_cli.cache.sums import StoredTokens
from mygo_cli.cache.writing import CacheWriter, CannotWrite
from mygo_cli.errors import DataError, UsageError
from mygo_cli.files import only_writer
from mygo_cli.graph.triples import Array

ROWS_AT_ONCE = 4096
ELSEWHERE = "Make room, or write it elsewhere."


def merge_caches(out: Path, paths: Sequence[Path], force: bool = False) -> Summary:
    """Write the cache that one process would have made to `out`, and return how it stands.

    An item takes what the first shard has that did it. Raises `DataError` for shards that do not
    belong together and `UsageError` where `out` exists and `force` is not set.
    """
    # Under another name until all is there: a damaged shard costs nobody the cache of before.
    part = out.with_name(f".{out.name}.merging")
    if out.is_dir():
        raise UsageError(f"{out} is a folder.", "Name a file, such as merged.h5.")
    if {out.resolve(), part.resolve()} & {path.resolve() for path in paths}:
        raise UsageError(f"{out} is both merged and written.", "Name another file.")
    caches = [TokenCache.open(path) for path in paths]
    # A shard may have had nothing to do, and so hold no codebook.
    first = next((cache for cache in caches if cache.has_codebook), caches[0])
    for other in caches:
        _check_same(first, other)
    if not first.has_codebook:
        raise DataError(f"{first.path} holds no tokens yet.", "Finish its mygo tokenize first.")
    sources = Sources(first.entity_rows(), tuple(first.keys()), first.header.sources_sha256)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with only_writer(out):
            if out.exists() and not force:
                raise UsageError(f"{out} exists.", "Name another file, or add --force.")
            try:
                with open_to_fill(part, first.header, first.entities, sources, True) as writer:
                    writer.write_codebook(first.codebook())
                    for cache in caches:
                        _take(writer, cache)
                    writer.finish()
                part.replace(out)
            finally:
                with suppress(OSError):  # it was renamed, or never made
                    part.unlink()
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{out} cannot be written: {reason}.", ELSEWHERE) from error
    except CannotWrite as error:  # it speaks of the other name, and of tokenizing
        raise DataError(f"{out} cannot be written: {error.reason}.", ELSEWHERE) from error
    return replace(summarize(out), new=len(sources.keys))


def join_shards(whole: Path, of: int) -> Summary:
    """Merge all shards of the cache `whole`, and remove them once it is complete."""
    shards = [shard_path(whole, number, of) for number in range(1, of + 1)]
    summary = merge_caches(whole, shards, force=True)
    if summary.complete:
        for shard in shards:
            shard.unlink()
    return summary


def _check_same(first: TokenCache, other: TokenCache) -> None:
    """Raise unless both are parts of one job."""
    ours, theirs = first.header, other.header
    different = [name for name, value in vars(ours).items() if vars(theirs)[name] != value]
    if not different and first.keys() != other.keys():
        different = ["items"]
    both = first.has_codebook and other.has_codebook
    if not different and both and not np.array_equal(first.codebook(), other.codebook()):
        different = ["codebook"]
    if different:
        raise DataError(
            f"{other.path} and {first.path} differ in {', '.join(different)}.",
            "Only shards of one mygo tokenize command can be merged.",
        )


def _take(writer: CacheWriter, cache: TokenCache) -> None:
    """Copy the items that `cache` settled and `writer` has not yet."""
    with opened(cache.path) as file:
        items, stored = file["items"], StoredTokens(file)
        for start in range(0, len(writer.status), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            status: Array = np.where(writer.status[rows] == PENDING, items["status"][rows], PENDING)
            tokens, length = stored[rows], items["length"][rows]
            done = np.flatnonzero(status == DONE)
            writer.write_done(start + done, [tokens[row, : length[row]] for row in done])
            errors = items["error"].asstr()[rows]
            for row in np.flatnonzero(status == FAILED):
                writer.write_failed(start + int(row), errors[row])
