"""Putting the tensors of a checkpoint into a model, after a look whether they belong there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mygo_cli.errors import BackendError
from mygo_cli.weights.checkpoints import read_checkpoint

if TYPE_CHECKING:
    from torch import Tensor, nn

WRAPPERS = ("state_dict", "model")


def read_tensors(path: Path | str) -> dict[str, Tensor]:
    """Return the named tensors of a checkpoint file, whatever else was saved around them."""
    import torch

    found: Any = read_checkpoint(path)
    for wrapper in WRAPPERS:
        found = found[wrapper] if isinstance(found.get(wrapper), dict) else found
    return {
        str(key).removeprefix("module."): value
        for key, value in found.items()
        if isinstance(value, torch.Tensor)
    }


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin with `prefix`, without it."""
    return {
        key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)
    }


def require(tensors: Mapping[str, Tensor], key: str, path: Path | str, kind: str) -> Tensor:
    """Return one tensor; raise `BackendError` that names the file and the `kind` expected."""
    if key not in tensors:
        raise wrong_kind(path, kind, f"it has no {key}")
    return tensors[key]


def load_into(model: nn.Module, tensors: Mapping[str, Tensor], path: Path | str, kind: str) -> None:
    """Fill every parameter of `model`; raise `BackendError` where one is missing or differs.

    Tensors that the model does not have are left out. The model is set to evaluation.
    """
    wanted = model.state_dict()
    for key, tensor in wanted.items():
        if require(tensors, key, path, kind).shape != tensor.shape:
            raise wrong_kind(path, kind, f"its {key} has another shape")
    model.load_state_dict({key: tensors[key] for key in wanted})
    model.eval().requires_grad_(False)


def wrong_kind(path: Path | str, kind: str, fault: str) -> BackendError:
    """Return the error for a checkpoint of something else."""
    return BackendError(f"{path} does not hold {kind}: {fault}.", "Pass --image-weights FILE.")
