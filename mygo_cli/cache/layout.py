"""Whether a file has the layout of a token cache, so that readers need not ask.

What does not is a `ValueError` in a few words; `cache.format.opened` adds file and way out.
"""

from __future__ import annotations

import h5py
import numpy as np

from mygo_cli.cache.sources import DONE, FAILED, PENDING
from mygo_cli.cache.sums import OWNERS_SUM, ROW_SUMS, check_sum, owners_sum
from mygo_cli.contracts import TokenizerInfo
from mygo_cli.files import most_unpacked
from mygo_cli.graph.triples import Array

DATASETS = (
    "entities",
    "items/entity",
    "items/key",
    "items/tokens",
    "items/length",
    "items/status",
    "items/error",
    "codebook",
    "drop_ids",
)
TEXTS = ("entities", "items/key", "items/error")
UNPACKED_ANYWAY = 1 << 30  # bytes


def check_storage(file: h5py.File) -> None:
    """Raise `ValueError` where anything that is read of a cache lies outside the file.

    HDF5 follows a link, an external file and a virtual dataset by itself, whatever they name.
    """
    for name in ("items", *DATASETS, f"items/{ROW_SUMS}"):
        link = file.get(name, getlink=True)
        if link is None:
            continue
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{name} is a link, which is not followed")
        if name == "items":
            if not isinstance(file[name], h5py.Group):
                raise ValueError("items is no group")
        elif not isinstance(file[name], h5py.Dataset):
            raise ValueError(f"{name} is no dataset")
        elif file[name].is_virtual or file[name].external:
            raise ValueError(f"{name} lies in another file, which is not read")


def check_layout(file: h5py.File, info: TokenizerInfo) -> None:
    """Raise `ValueError` for datasets of another shape, type or content than the sizes say."""
    _check_shapes(file, info)
    _check_types(file, info)
    _check_owners(file, info)
    _check_states(file, info)


def dtype_for(largest: int) -> str:
    """Return the dtype of numbers up to `largest`: uint16 while they fit, else uint32."""
    return "uint16" if largest < 1 << 16 else "uint32"


def _check_shapes(file: h5py.File, info: TokenizerInfo) -> None:
    for name in ("entities", "drop_ids", "items/entity"):
        if file[name].ndim != 1:
            raise ValueError(f"{name} has shape {_sizes(file[name].shape)}, not one dimension")
    count = len(file["items/entity"])
    expected: dict[str, tuple[int, ...]] = dict.fromkeys(
        ("items/key", "items/length", "items/status", "items/error"), (count,)
    )
    expected |= {"items/tokens": (count, info.max_tokens), "codebook": (info.vocab_size, info.dim)}
    if f"items/{ROW_SUMS}" in file:
        expected[f"items/{ROW_SUMS}"] = (count,)
    for name, shape in expected.items():
        if file[name].shape != shape:
            raise ValueError(f"{name} has shape {_sizes(file[name].shape)}, not {_sizes(shape)}")
    # A dataset of which nothing is stored may have any size.
    bound = most_unpacked(file.id.get_filesize(), UNPACKED_ANYWAY)
    if sum(file[name].nbytes for name in DATASETS) > bound:
        raise ValueError(f"it holds more than {bound:,} bytes, far more than its own size")


def _sizes(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _check_types(file: h5py.File, info: TokenizerInfo) -> None:
    types = {
        "items/entity": "int32",
        "items/tokens": dtype_for(info.vocab_size - 1),
        "items/length": dtype_for(info.max_tokens),
        "items/status": "uint8",
        "codebook": "float32",
        "drop_ids": "int32",
    }
    for name, dtype in types.items():
        if file[name].dtype != dtype:
            raise ValueError(f"{name} has type {file[name].dtype}, not {dtype}")
    for name in TEXTS:
        if h5py.check_string_dtype(file[name].dtype) is None:
            raise ValueError(f"{name} has type {file[name].dtype}, not text")


def _check_owners(file: h5py.File, info: TokenizerInfo) -> None:
    owner, drop, entities = file["items/entity"][:], file["drop_ids"][:], len(file["entities"])
    if not _within(owner, entities):
        raise ValueError("items/entity names rows that entities has not")
    if (np.diff(owner) < 0).any():
        raise ValueError("items/entity is not ascending")
    if not _within(drop, info.vocab_size):
        raise ValueError("drop_ids holds ids outside the vocabulary")
    check_sum(file, OWNERS_SUM, owners_sum(owner, drop), "items/entity and drop_ids")


def _within(numbers: Array, end: int) -> bool:
    return not len(numbers) or bool(0 <= numbers.min() <= numbers.max() < end)


def _check_states(file: h5py.File, info: TokenizerInfo) -> None:
    status, length = file["items/status"][:], file["items/length"][:]
    if not np.isin(status, (PENDING, DONE, FAILED)).all():
        raise ValueError("items/status holds something else than 0, 1 and 2")
    pending = int((status == PENDING).sum())
    if pending and file.attrs["complete"]:
        raise ValueError(f"it calls itself complete, and {pending:,} items are pending")
    if long := int((length[status == DONE] > info.max_tokens).sum()):
        raise ValueError(f"{long:,} items are longer than {info.max_tokens} tokens")
