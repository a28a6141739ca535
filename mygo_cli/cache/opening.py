"""Opening a token cache to fill it: the one that fits, or a new one in its place."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mygo_cli.cache.format import Header, TokenCache
from mygo_cli.cache.sources import Sources
from mygo_cli.cache.writing import CacheWriter, CannotWrite, create
from mygo_cli.errors import DataError
from mygo_cli.files import only_writer

log = logging.getLogger(__name__)


def is_complete(path: Path, header: Header) -> bool:
    """Return whether a complete cache that fits is there, and mark it as the one last asked for."""
    try:
        cache = TokenCache.open(path)
        if not cache.complete or why_unfit(cache, header):
            return False
        cache.check_content()
    except DataError:
        return False
    _note_precision(path, cache.header.precision, header)
    with contextlib.suppress(OSError):  # a read-only cache serves as well
        os.utime(path)
    return True


@contextmanager
def open_to_fill(
    path: Path, header: Header, entities: Sequence[str], sources: Sources, force: bool
) -> Iterator[CacheWriter]:
    """Hold the cache at `path` for writing; make it, or make it anew where it does not fit.

    Raises `DataError` where another process holds it or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with only_writer(path):
            if force or not _can_go_on(path, header):
                create(path, header, entities, sources)
            with CacheWriter(path) as writer:
                _note_precision(path, writer.precision, header)
                yield writer
    except OSError as error:
        raise CannotWrite(path, error) from error


def why_unfit(cache: TokenCache, header: Header) -> str:
    """Return why a cache cannot be used for what `header` describes, empty if it can."""
    if (cache.header.modality, cache.header.backend) != (header.modality, header.backend):
        return "it holds something else"
    if cache.header.info.fingerprint != header.info.fingerprint:
        return "the tokenizer is another"
    if cache.header.entities_sha256 != header.entities_sha256:
        return "the entities changed"
    if cache.header.sources_sha256 != header.sources_sha256:
        return (
            f"{'texts' if cache.header.modality == 'text' else 'pictures'} or their tokens changed"
        )
    sizes = (
        cache.header.info.vocab_size,
        cache.header.info.dim,
        cache.header.info.max_tokens,
        set(cache.header.info.drop_ids),
    )
    info = header.info
    if sizes != (info.vocab_size, info.dim, info.max_tokens, set(info.drop_ids)):
        return "the tokenizer's sizes changed"
    return ""


def _note_precision(path: Path, recorded: str, header: Header) -> None:
    """Say on stderr if a cache keeps to another number format than the one asked for."""
    if recorded != header.precision:
        log.warning(
            f"{path} was begun in {recorded} and stays so; --force makes it in {header.precision}."
        )


def _can_go_on(path: Path, header: Header) -> bool:
    """Return whether the cache at `path` can be filled further; say on stderr why not."""
    if not path.exists():
        return False
    try:
        cache = TokenCache.open(path)
        reason = why_unfit(cache, header)
        if not reason:
            cache.check_content()
    except DataError as error:
        reason = error.problem.removeprefix(f"{path} ").rstrip(".")
    if reason:
        log.warning(f"{path} is made anew: {reason}.")
    return not reason
