"""The token cache, an HDF5 file of format 1: how it is laid out and read (docs/caches.md)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from mygo_cli.cache.layout import DATASETS, check_layout, check_storage
from mygo_cli.cache.sources import FAILED
from mygo_cli.cache.sums import NAMES_SUM, StoredTokens, check_sum, names_sum, stored_codebook
from mygo_cli.contracts import TokenizerInfo
from mygo_cli.device import FLOAT32
from mygo_cli.errors import DataError
from mygo_cli.files import parsed_json
from mygo_cli.graph.triples import Array

FORMAT = "mygo-tokens"
VERSION = 1
IMPORTED = "imported"  # the backend of tokens that were made elsewhere


TEXT_ATTRIBUTES = (
    "modality",
    "backend",
    "backend_package",
    "options",
    "fingerprint",
    "dataset",
    "entities_sha256",
    "sources_sha256",
    "mygo_version",
    "created",
)
NUMBER_ATTRIBUTES = ("vocab_size", "dim", "max_tokens", "complete")
REMAKE = "Make it again with mygo tokenize --force, a shard with its --shard as well."


@dataclass(frozen=True)
class Items:
    """The items of a cache, one per picture or text.

    `entity` int32 [I], ascending; `keys` [I]; `tokens` [I, max_tokens], of which the first
    `length` [I] count; `status` uint8 [I], one of `PENDING`, `DONE`, `FAILED`; `errors` [I].
    """

    entity: Array
    keys: list[str]
    tokens: Array
    length: Array
    status: Array
    errors: list[str]


@dataclass(frozen=True)
class Header:
    """What a cache says of itself, but for what happens while it is filled."""

    modality: str
    backend: str
    backend_package: str
    options: dict[str, Any]
    info: TokenizerInfo
    dataset: str
    entities_sha256: str
    sources_sha256: str
    precision: str = FLOAT32


@dataclass(frozen=True)
class TokenCache:
    """A token cache as found on disk. Holds no file open; rows are read when asked for."""

    path: Path
    header: Header
    mygo_version: str
    created: str
    complete: bool
    has_codebook: bool

    @classmethod
    def open(cls, path: Path) -> TokenCache:
        """Read what a cache says of itself; raise `DataError` for any other file."""
        with opened(path) as file:
            said = _attributes(path, file)
            info = TokenizerInfo(
                vocab_size=said["vocab_size"],
                dim=said["dim"],
                max_tokens=said["max_tokens"],
                fingerprint=said["fingerprint"],
                drop_ids=tuple(file["drop_ids"][:].tolist()),
            )
            check_layout(file, info)
            header = Header(
                modality=said["modality"],
                backend=said["backend"],
                backend_package=said["backend_package"],
                options=parsed_json(said["options"]),
                info=info,
                dataset=said["dataset"],
                entities_sha256=said["entities_sha256"],
                sources_sha256=said["sources_sha256"],
                precision=precision_of(file),
            )
            has_codebook = bool(file["codebook"].attrs.get("ready", True))
        complete = bool(said["complete"])
        return cls(path, header, said["mygo_version"], said["created"], complete, has_codebook)

    @property
    def entities(self) -> list[str]:
        """The entity ids, in order."""
        with opened(self.path) as file:
            return _strings(file["entities"])

    @property
    def imported(self) -> bool:
        """Whether the tokens were made elsewhere, not by a backend from the graph's own media."""
        return self.header.backend == IMPORTED

    @property
    def num_entities(self) -> int:
        """The number of entities, those without an item included."""
        with opened(self.path) as file:
            return len(file["entities"])

    def codebook(self) -> Array:
        """Return the frozen token embeddings, float32 [vocab_size, dim]."""
        with opened(self.path) as file:
            return stored_codebook(file)

    def status(self) -> Array:
        """Return the status of each item, uint8 [I]."""
        with opened(self.path) as file:
            status: Array = file["items/status"][:]
        return status

    def failures(self) -> list[tuple[str, str]]:
        """Return key and reason of each failed item."""
        with opened(self.path) as file:
            rows = np.flatnonzero(file["items/status"][:] == FAILED)
            keys, errors = file["items/key"].asstr(), file["items/error"].asstr()
            return [(keys[row], errors[row]) for row in rows]

    def keys(self) -> list[str]:
        """Return the key of each item."""
        with opened(self.path) as file:
            return _strings(file["items/key"])

    def entity_rows(self) -> Array:
        """Return the entity row of each item, int32 [I]."""
        with opened(self.path) as file:
            rows: Array = file["items/entity"][:]
        return rows

    def items(self) -> Items:
        """Return every item with its tokens."""
        with opened(self.path) as file:
            items = file["items"]
            return Items(
                items["entity"][:],
                _strings(items["key"]),
                StoredTokens(file)[:],
                items["length"][:],
                items["status"][:],
                _strings(items["error"]),
            )

    def check_content(self) -> None:
        """Read all of the file; raise `DataError` where anything differs from its checksum."""
        with opened(self.path) as file:
            names = names_sum(_strings(file["entities"]), _strings(file["items/key"]))
            check_sum(file, NAMES_SUM, names, "entities and items/key")
            stored_codebook(file)
            StoredTokens(file).check_all()


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a cache for reading, also while another process fills it; raise `DataError`."""
    try:
        file = h5py.File(path, "r", locking=False)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file.", "mygo tokenize makes it.") from error
    except IsADirectoryError as error:
        raise DataError(f"{path} is a folder.", "Name a token cache, a .h5 file.") from error
    except PermissionError as error:
        raise DataError(f"{path} cannot be read: permission denied.") from error
    except OSError as error:
        reason = f"is damaged: {_one_line(error)}" if h5py.is_hdf5(path) else "is not an HDF5 file"
        raise DataError(f"{path} {reason}.", REMAKE) from error
    with file:
        try:
            check_storage(file)
            yield file
        except (OSError, KeyError, RuntimeError, ValueError) as error:
            raise DataError(f"{path} is damaged: {_one_line(error)}.", REMAKE) from error


def precision_of(file: h5py.File) -> str:
    """Return the number format that the encoder ran in; older caches do not say: float32."""
    return str(file.attrs.get("precision", FLOAT32))


def _attributes(path: Path, file: h5py.File) -> dict[str, Any]:
    """Return the attributes of a cache as plain values; raise unless it is one of format 1."""
    if file.attrs.get("format") != FORMAT:
        raise DataError(f"{path} is not a token cache.", "Token caches are made by mygo tokenize.")
    version = file.attrs.get("format_version")
    if version != VERSION:
        raise DataError(
            f"{path} has cache format {version}; this mygo reads format {VERSION}.", REMAKE
        )
    missing = [name for name in TEXT_ATTRIBUTES + NUMBER_ATTRIBUTES if name not in file.attrs]
    missing += [name for name in DATASETS if name not in file]
    if missing:
        raise DataError(f"{path} is damaged: it has no {', '.join(missing)}.", REMAKE)
    values: dict[str, Any] = {name: file.attrs[name] for name in TEXT_ATTRIBUTES}
    if wrong := [name for name, value in values.items() if not isinstance(value, str)]:
        raise DataError(f"{path} is damaged: its {wrong[0]} is no text.", REMAKE)
    numbers = {name: np.asarray(file.attrs[name]) for name in NUMBER_ATTRIBUTES}
    if wrong := [name for name, n in numbers.items() if n.ndim or n.dtype.kind not in "iub"]:
        raise DataError(f"{path} is damaged: its {wrong[0]} is no whole number.", REMAKE)
    if not isinstance(parsed_json(values["options"]), dict):
        raise DataError(f"{path} is damaged: its options are no JSON object.", REMAKE)
    if values["modality"] not in ("image", "text"):
        shown = repr(values["modality"])
        raise DataError(f"{path} is damaged: its modality is {shown}, not image or text.", REMAKE)
    return values | {name: int(number) for name, number in numbers.items()}


def _strings(dataset: h5py.Dataset) -> list[str]:
    """Return a text dataset as a list."""
    return [str(text) for text in dataset.asstr(errors="surrogateescape")[:]]


def _one_line(error: Exception) -> str:
    """Return what HDF5 says; the cause stands in parentheses behind what it was about to do."""
    said = " ".join(str(error).split()).strip("'\"")
    return said.partition(" (")[2].removesuffix(")") or said
