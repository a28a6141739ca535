"""The files of a published model, in a folder or on the Hugging Face hub, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mygo_cli.errors import BackendError
from mygo_cli.files import expanded

REPLY_SECONDS = 10


@dataclass(frozen=True)
class ModelFiles:
    """Which files a model has, and how to get one: only what is asked for is downloaded."""

    model: str
    names: frozenset[str]
    get: Callable[[str], Path]

    def find(self, name: str) -> Path | None:
        """Return the local path of a file, or None where the model has none of that name."""
        return self.get(name) if name in self.names else None


def model_files(model: str, way_out: str) -> ModelFiles:
    """Return the files of a model given as a folder or by its name on the hub.

    Without a network the hub's local cache answers. Raises `BackendError` with `way_out` where
    the model is neither in a folder, nor in the cache, nor on a hub that can be reached.
    """
    folder = expanded(model)
    if folder.is_dir():
        return _in_folder(folder)
    from huggingface_hub import hf_hub_download, model_info, snapshot_download

    try:
        info = model_info(model, timeout=REPLY_SECONDS)
    except Exception as error:  # whatever the hub's client and its network library raise
        try:
            return _in_folder(Path(snapshot_download(model, local_files_only=True)))
        except Exception:  # not in the cache either: the first reason is the one to tell
            raise BackendError(
                f"{model}: no such folder, and {_reason(error)}.", way_out
            ) from error

    def download(name: str) -> Path:
        try:
            return Path(hf_hub_download(model, name))
        except Exception as error:  # as above
            raise BackendError(
                f"{model}: downloading {name} failed, {_reason(error)}.", way_out
            ) from error

    names = frozenset(file.rfilename for file in info.siblings or ())
    return ModelFiles(model, names, download)


def _in_folder(folder: Path) -> ModelFiles:
    names = frozenset(path.name for path in folder.iterdir() if path.is_file())
    return ModelFiles(str(folder), names, folder.joinpath)


def _reason(error: Exception) -> str:
    """Return in few words why the hub did not help."""
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    if isinstance(error, (HFValidationError, RepositoryNotFoundError)):
        return "the Hugging Face hub has no such model (or asks for a login)"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"the Hugging Face hub cannot be reached ({lines[0]})"
