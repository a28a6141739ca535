"""Checkpoints: tensors and plain types only, written to a temporary name and renamed."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch

from mygo_cli.errors import DataError
from mygo_cli.files import as_utf8, atomic_write
from mygo_cli.runs.checkpoint_entries import WAY_OUT, check_entries, check_numbers
from mygo_cli.weights.archive import check_archive, unwarned

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


def load_checkpoint(
    path: Path, needed: Collection[str] = (), tensors: bool = True
) -> dict[str, Any]:
    """Return the content of a checkpoint, tensors on the CPU. Runs nothing that the file names.

    Without `tensors` they stay in the file, neither read nor checked: for those who ask for its
    plain entries only.

    Raises `DataError` for a missing or damaged file, one of another kind, one without an entry for
    each of `needed`, and one with parameters that are no numbers.
    """
    try:
        with unwarned():
            content = _loaded(path, tensors)
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such checkpoint.", "Was this run interrupted?") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except Exception as error:  # a damaged file may raise anything in zip reader and unpickler
        raise DataError(f"{path} is damaged or no checkpoint of mygo.", WAY_OUT) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError(f"{path} is no checkpoint of mygo.", WAY_OUT)
    if not isinstance(content.get("version"), int):
        raise DataError(f"{path} is damaged: it has no version.", WAY_OUT)
    if content["version"] != VERSION:
        raise DataError(
            f"{path} has checkpoint version {content['version']}; this mygo reads {VERSION}.",
            "Install the mygo that wrote it, or train again.",
        )
    check_entries(path, content, needed)
    if tensors:
        check_numbers(path, content)
    return content


def _loaded(path: Path, tensors: bool) -> Any:
    """Return what a file holds, in memory of its own: one that is cut short later harms nobody."""
    # PyTorch maps a file only by a name that it can say.
    if not tensors and path == Path(as_utf8(str(path)).decode()):
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    with path.open("rb") as file:
        check_archive(path, file)
        file.seek(0)
        return torch.load(file, map_location="cpu", weights_only=True)
