"""Codebooks, the embeddings of all token ids, from the files that other tools write."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mygo_cli.errors import DataError
from mygo_cli.files import holes_refused, most_unpacked
from mygo_cli.graph.triples import Array

MOST_BYTES = 16 << 30  # a vocabulary of 256,000 words, each 16,384 wide
WANTED = "Expected is one table of floating-point numbers, a row for each token id."


def read_codebook(path: Path) -> Array:
    """Return the table in a .npy, .npz, .pth, .pt or .safetensors file, float32 [vocab, dim].

    Nothing that a file names is run. Raises `DataError` in one line for anything else.
    """
    if path.is_file():
        holes_refused(path)
    value = _read_numpy(path) if path.suffix.lower() in (".npy", ".npz") else _read_torch(path)
    return as_codebook(value, str(path))


def as_codebook(value: Any, where: str) -> Array:
    """Return a table of finite numbers as float32; raise `DataError` that begins with `where`."""
    if isinstance(value, Mapping):
        tables = {name: table for name, table in value.items() if getattr(table, "ndim", 0) == 2}
        if len(tables) != 1:
            names = ", ".join(map(str, tables)) or "none"
            raise DataError(f"{where} holds {len(tables)} tables ({names}), not one.", WANTED)
        value = next(iter(tables.values()))
    if getattr(value, "ndim", None) != 2:
        raise DataError(f"{where} holds no table of numbers.", WANTED)
    rows, width = value.shape
    if 4 * rows * width > MOST_BYTES:  # it may be one number that is said to stand everywhere
        raise DataError(f"{where} holds a table of more than {MOST_BYTES >> 30} GiB.", WANTED)
    try:
        table = _as_numpy(value)
    except (TypeError, RuntimeError) as error:  # sparse, quantized or without numbers at all
        raise DataError(f"{where} holds no plain table of numbers.", WANTED) from error
    if table.dtype.kind != "f" or not table.size:
        raise DataError(f"{where} holds a table of {table.dtype}, {table.shape}.", WANTED)
    codebook: Array = np.ascontiguousarray(table, dtype=np.float32)
    if not np.isfinite(codebook).all():
        raise DataError(f"{where} holds numbers that are not finite.", WANTED)
    return codebook


def _as_numpy(value: Any) -> Array:
    """Return a tensor, whatever its number format, or an array as an array."""
    if isinstance(value, np.ndarray):
        return value
    array: Array = (value.float() if value.is_floating_point() else value).cpu().numpy()
    return array


def _read_numpy(path: Path) -> Any:
    """Return the array of a .npy file, the arrays of a .npz file by name."""
    if path.exists() and not path.is_file():
        raise DataError(f"{path} is not a file.", WANTED)
    try:
        _check_size(path)
        content = np.load(path, allow_pickle=False)
        if isinstance(content, np.ndarray):
            return content
        with content:
            return {name: content[name] for name in content.files}
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file.") from error
    except Exception as error:  # a damaged file may raise anything
        raise DataError(f"{path} is damaged or no file of NumPy.", "Save it again.") from error


def _check_size(path: Path) -> None:
    """Raise `DataError` for an .npz file that holds far more than its own size."""
    if not zipfile.is_zipfile(path):
        return
    bound = most_unpacked(path.stat().st_size)
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > bound:
        raise DataError(
            f"{path} holds more than {bound:,} bytes.",
            "If that is right, save the table with numpy.save.",
        )


def _read_torch(path: Path) -> Any:
    from mygo_cli.weights.checkpoints import read_plain

    return read_plain(path)
