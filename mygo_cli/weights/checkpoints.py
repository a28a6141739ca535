"""Reading a checkpoint without running anything that it names."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from mygo_cli.errors import DataError
from mygo_cli.weights import inert_pickle
from mygo_cli.weights.archive import member_names, unwarned

AGAIN = "Download it again."


def read_checkpoint(path: Path | str) -> dict[Any, Any]:
    """Return the dictionary in a .pth, .pt, .ckpt, .bin or .safetensors file.

    Holds tensors (on the CPU), plain values and plain containers only. Whatever else the file
    names is neither imported nor called: its place is taken by the text `<module.name>`. Raises
    `DataError` in one line for a file that is missing, empty, cut off or something else.
    """
    value = read_plain(path)
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise DataError(f"{path} holds a {kind}, not the named tensors of a checkpoint.")
    return value


def read_plain(path: Path | str) -> Any:
    """Return whatever a checkpoint file holds, for files that are a tensor or a list at the top."""
    path = Path(path)
    start = _first_bytes(path)
    try:
        if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < path.stat().st_size:
            from safetensors.torch import load_file

            return load_file(path)
        if start.startswith(b"PK\x03\x04"):
            return _plain(_read_zip(path))
        if start.startswith(b"\x80"):
            return _plain(_read_pickled(path, mmap=False))
    except DataError:
        raise
    except Exception as error:  # a damaged or hostile file may raise anything
        raise DataError(f"{path} is cut off, damaged or not a checkpoint.", AGAIN) from error
    raise DataError(
        f"{path} is not a checkpoint: it begins with {start[:12]!r}.",
        "Expected is a file saved by torch (.pth, .pt, .ckpt, .bin) or a .safetensors file.",
    )


def _first_bytes(path: Path) -> bytes:
    """Return how the file begins; raise for what is plainly no checkpoint."""
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a checkpoint file.")
    if path.exists() and not path.is_file():
        raise DataError(f"{path} is a device or a pipe, not a checkpoint file.")
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    if not start:
        raise DataError(f"{path} is empty.", AGAIN)
    if start.lstrip()[:1] == b"<":
        raise DataError(f"{path} is a web page, not a checkpoint.", "Download the file itself.")
    if start.startswith(b"version https://git-lfs"):
        raise DataError(f"{path} is a Git LFS pointer, not the file itself.", "Run git lfs pull.")
    return start


def _read_zip(path: Path) -> Any:
    """Return what torch.save wrote in its present format. Tensors stay on disk until used."""
    names = member_names(path)
    if "constants.pkl" in names:
        raise DataError(f"{path} is a TorchScript program, not a checkpoint.")
    if "data.pkl" not in names:
        raise DataError(f"{path} is a zip archive, not a checkpoint.", "Unpack it first.")
    return _read_pickled(path, mmap=True)


def _read_pickled(path: Path, mmap: bool) -> Any:
    """Return the unpickled file, by torch's own safe reader or, where that refuses, by ours."""
    import torch

    with unwarned():
        try:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
        except pickle.UnpicklingError:
            return torch.load(
                path, map_location="cpu", pickle_module=inert_pickle, weights_only=False, mmap=mmap
            )


def _plain(value: Any) -> Any:
    """Return `value` with ordinary containers; a stand-in becomes the text `<module.name>`."""
    import torch

    if isinstance(value, torch.Tensor):
        return value.detach()
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        kind = next(k for k in (list, tuple, set, frozenset) if isinstance(value, k))
        return kind(_plain(item) for item in value)
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, torch.dtype)):
        return value
    named = value if isinstance(value, type) else type(value)
    return f"<{named.__module__}.{named.__qualname__}>"
