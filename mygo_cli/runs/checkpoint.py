"""Checkpoints: tensors and plain types only, written to a temporary name and renamed."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch

from mygo_cli.errors import DataError
from mygo_cli.files import as_utf8, atomic_write

FORMAT = "mygo-checkpoint"
VERSION = 1


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write `content` (tensors and plain types) so that `path` is never half-written.

    Raises `DataError` where the folder cannot be written to or the disk is full.
    """
    try:
        with atomic_write(path) as file:
            torch.save({"format": FORMAT, "version": VERSION, **content}, file)
    except RuntimeError as error:  # so does torch report a full disk
        raise DataError(f"{path} cannot be written: is the disk full?") from error


def load_checkpoint(path: Path, needed: Collection[str] = ()) -> dict[str, Any]:
    """Return the content of a checkpoint, tensors on the CPU. Runs nothing that the file names.

    Raises `DataError` for a missing or damaged file, one of another kind, and one without an
    entry for each of `needed`.
    """
    try:
        content = _loaded(path)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such checkpoint.", "Was this run interrupted?") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except Exception as error:  # a damaged file may raise anything in zip reader and unpickler
        raise DataError(f"{path} is damaged or no checkpoint of mygo.", "Train again.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError(f"{path} is no checkpoint of mygo.", "Train again.")
    if content.get("version") != VERSION:
        raise DataError(
            f"{path} has checkpoint version {content.get('version')}; this mygo reads {VERSION}.",
            "Install the mygo that wrote it, or train again.",
        )
    if missing := sorted(set(needed) - set(content)):
        raise DataError(f"{path} holds no {', '.join(missing)}.", "Train again.")
    return content


def _loaded(path: Path) -> Any:
    """Return what a file holds, mapped into memory where PyTorch can open it by its name."""
    if path == Path(as_utf8(str(path)).decode()):
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    with path.open("rb") as file:
        return torch.load(file, map_location="cpu", weights_only=True)
