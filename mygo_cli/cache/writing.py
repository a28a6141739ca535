"""Making and filling a token cache so that a kill or a full disk at any moment leaves it whole.

HDF5 lays the file out once, under another name, with every dataset at its final size. From then
on rows are written by plain file writes at the places that HDF5 gave them: nothing in the file
moves or grows, and a failed write is an ordinary `OSError` (after one, HDF5 cannot close a file
without bringing the process down).
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from mygo_cli import __version__
from mygo_cli.cache.format import FORMAT, VERSION, Header, opened, precision_of
from mygo_cli.cache.layout import dtype_for
from mygo_cli.cache.sources import DONE, FAILED, PENDING, Sources
from mygo_cli.cache.sums import (
    NAMES_SUM,
    OWNERS_SUM,
    ROW_SUMS,
    SUM,
    names_sum,
    owners_sum,
    row_sums,
    stored_codebook,
)
from mygo_cli.contracts import TokenizerInfo
from mygo_cli.errors import DataError
from mygo_cli.files import as_utf8
from mygo_cli.graph.triples import Array

ERROR_BYTES = 120

# What systems answer that cannot reserve room for a file.
NOT_OFFERED = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@dataclass(frozen=True)
class _Place:
    """Where in the file the rows of a dataset lie."""

    offset: int
    dtype: np.dtype[Any]
    row_shape: tuple[int, ...]

    @property
    def row_bytes(self) -> int:
        return int(self.dtype.itemsize * np.prod(self.row_shape, dtype=np.int64))


class CacheWriter:
    """Fills the rows of a cache that exists. One at a time per file: see `files.only_writer`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with opened(path) as file:
            names = ["tokens", "length", "status", "error"]
            names += [ROW_SUMS] if ROW_SUMS in file["items"] else []  # none in older caches
            self._places = {name: _place(file["items"][name]) for name in names}
            self._places["codebook"] = _place(file["codebook"])
            self.status: Array = file["items/status"][:]
            self.precision = precision_of(file)
            self._codebook_sum = SUM in file["codebook"].attrs
            self.has_codebook = bool(file["codebook"].attrs.get("ready", True))
        self._file = path.open("r+b", buffering=0)

    def __enter__(self) -> CacheWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write_codebook(self, codebook: Array) -> None:
        """Store the codebook, then mark it as there."""
        self._write("codebook", 0, codebook)
        os.fsync(self._file.fileno())
        if self._codebook_sum:
            self._set("codebook", SUM, np.uint32(zlib.crc32(_bytes(codebook, np.float32))))
        self._set("codebook", "ready", np.bool_(True))
        self.has_codebook = True

    def key(self, row: int) -> str:
        """Return the key of an item."""
        with opened(self.path) as file:
            return str(file["items/key"].asstr()[row])

    def codebook(self) -> Array:
        """Return the stored codebook, float32 [vocab_size, dim]."""
        with opened(self.path) as file:
            return stored_codebook(file)

    def write_done(self, rows: Array, tokens: Sequence[Array]) -> None:
        """Store the token ids of items, first what they are, then that they are done."""
        width = self._places["tokens"].row_shape[0]
        padded = np.zeros((len(rows), width), dtype=np.int64)
        for place, ids in enumerate(tokens):
            padded[place, : len(ids)] = ids
        lengths = np.array([len(ids) for ids in tokens])
        self._write_rows("tokens", rows, padded)
        self._write_rows("length", rows, lengths)
        if ROW_SUMS in self._places:
            stored = padded.astype(self._places["tokens"].dtype)
            self._write_rows(ROW_SUMS, rows, row_sums(stored, lengths))
        self._set_status(rows, DONE)

    def write_failed(self, row: int, reason: str) -> None:
        """Store why an item failed."""
        cut = reason.encode("utf-8", "replace")[:ERROR_BYTES].decode("utf-8", "ignore")
        self._write("error", row, np.array([cut.encode()], dtype=f"S{ERROR_BYTES}"))
        self._set_status(np.array([row]), FAILED)

    def finish(self) -> bool:
        """Mark the cache complete if no item is pending; return whether it is."""
        complete = not (self.status == PENDING).any()
        if complete:
            os.fsync(self._file.fileno())
            self._set("/", "complete", np.bool_(True))
        return complete

    def _set_status(self, rows: Array, status: int) -> None:
        self._write_rows("status", rows, np.full(len(rows), status))
        self.status[rows] = status

    def _write_rows(self, name: str, rows: Array, values: Array) -> None:
        """Write `values` to ascending `rows`, each run of neighbours in one go."""
        if len(rows):
            breaks = np.flatnonzero(np.diff(rows) != 1) + 1
            starts = [0, *breaks.tolist(), len(rows)]
            for start, stop in pairwise(starts):
                self._write(name, int(rows[start]), values[start:stop])

    def _write(self, name: str, row: int, values: Array) -> None:
        place = self._places[name]
        data = memoryview(_bytes(values, place.dtype))
        self._file.seek(place.offset + row * place.row_bytes)
        while data:
            data = data[self._file.write(data) :]

    def _set(self, where: str, attribute: str, value: np.generic) -> None:
        """Overwrite an attribute in its place."""
        with h5py.File(self.path, "r+", locking=False) as file:
            file[where].attrs.modify(attribute, value)


def _bytes(values: Array, dtype: Any) -> bytes:
    """Return values as they lie in the file."""
    return np.ascontiguousarray(values, dtype=dtype).tobytes()


def create(path: Path, header: Header, entities: Sequence[str], sources: Sources) -> None:
    """Lay out an empty cache at `path`, replacing what is there, in one step.

    Raises `DataError` where the folder cannot be written or the disk has no room for all of it.
    """
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _reserve(new, _size(header.info, entities, sources))
        with h5py.File(new, "w", locking=False) as file:
            _lay_out(file, header, entities, sources)
        _reserve(new, new.stat().st_size)
        os.replace(new, path)
    except OSError as error:
        raise CannotWrite(path, error) from error
    except ValueError as error:  # HDF5 texts end at a NUL
        raise DataError(
            f"{path} cannot hold an entity id or picture name: {error}.", "Rename it."
        ) from error
    finally:
        if new.parent.is_dir():
            new.unlink(missing_ok=True)


class CannotWrite(DataError):
    """A cache that the system does not let be written, for this `reason`."""

    def __init__(self, path: Path, error: OSError) -> None:
        self.reason = error.strerror or str(error)
        super().__init__(
            f"{path} cannot be written: {self.reason}.",
            "Make room, or name another folder with --cache-dir; the same command goes on.",
        )


def _size(info: TokenizerInfo, entities: Sequence[str], sources: Sources) -> int:
    """Return about how many bytes a cache takes, rather too many."""
    row = 4 * info.max_tokens + ERROR_BYTES + 32
    texts = sum(len(text.encode("utf-8", "replace")) + 48 for text in (*entities, *sources.keys))
    return 4 * info.vocab_size * info.dim + row * len(sources.keys) + texts + (1 << 16)


def _reserve(path: Path, size: int) -> None:
    """Take `size` bytes of disk for a file, or raise `OSError`; HDF5 must never find it full."""
    with path.open("ab") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except (AttributeError, OSError) as error:
            if getattr(error, "errno", errno.ENOSYS) not in NOT_OFFERED:
                raise
            if shutil.disk_usage(path.parent).free < size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error


def _lay_out(file: h5py.File, header: Header, entities: Sequence[str], sources: Sources) -> None:
    """Write attributes and keys, and give every other dataset its place, filled with zeros."""
    info, count = header.info, len(sources.keys)
    file.attrs.update(
        format=FORMAT,
        format_version=VERSION,
        modality=header.modality,
        backend=header.backend,
        backend_package=header.backend_package,
        options=json.dumps(header.options, sort_keys=True, default=str),
        fingerprint=info.fingerprint,
        vocab_size=info.vocab_size,
        dim=info.dim,
        max_tokens=info.max_tokens,
        dataset=as_utf8(header.dataset).decode(),
        entities_sha256=header.entities_sha256,
        sources_sha256=header.sources_sha256,
        precision=header.precision,
        mygo_version=__version__,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        complete=np.bool_(False),
    )
    drop_ids = np.array(sorted(set(info.drop_ids)), dtype=np.int32)
    file.attrs[NAMES_SUM] = np.uint32(names_sum(entities, sources.keys))
    file.attrs[OWNERS_SUM] = np.uint32(owners_sum(sources.entity, drop_ids))
    text = h5py.string_dtype()
    file.create_dataset("entities", data=list(entities), dtype=text)
    file.create_dataset("drop_ids", data=drop_ids)
    items = file.create_group("items")
    items.create_dataset("entity", data=sources.entity.astype(np.int32))
    items.create_dataset("key", data=list(sources.keys), dtype=text)
    token, length = dtype_for(info.vocab_size - 1), dtype_for(info.max_tokens)
    _preallocate(items, "tokens", (count, info.max_tokens), np.dtype(token))
    _preallocate(items, "length", (count,), np.dtype(length))
    _preallocate(items, "status", (count,), np.dtype("uint8"))
    _preallocate(items, ROW_SUMS, (count,), np.dtype("uint32"))
    _preallocate(items, "error", (count,), h5py.string_dtype(length=ERROR_BYTES))
    _preallocate(file, "codebook", (info.vocab_size, info.dim), np.dtype("float32"))
    file["codebook"].attrs["ready"] = np.bool_(False)
    file["codebook"].attrs[SUM] = np.uint32(0)


def _preallocate(
    group: h5py.Group, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> None:
    """Create a dataset that has its place in the file from now on, and reads as zeros."""
    how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    how.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    how.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    how.set_obj_track_times(False)  # the same tokens make the same file
    h5py.h5d.create(
        group.id,
        name.encode(),
        h5py.h5t.py_create(dtype, logical=True),
        h5py.h5s.create_simple(shape),
        how,
    )


def _place(dataset: h5py.Dataset) -> _Place:
    """Return where a preallocated dataset lies; raise `DataError` for one laid out otherwise."""
    offset = dataset.id.get_offset()
    if offset is None:
        raise DataError(f"{dataset.file.filename}: {dataset.name} cannot be filled in place.")
    return _Place(offset, dataset.dtype, dataset.shape[1:])
