"""What the entries of a checkpoint are, so that one of another kind is met where it is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mygo_cli.errors import DataError

WAY_OUT = "Train again, or copy it again from where it came."


def _is_state(value: Any) -> bool:
    """Say whether it is what a model's parameters are: tensors by name."""
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in value.items()
    )


def _is_identity(value: Any) -> bool:
    """Say whether it is what `graph_identity` gives; older ones lack `entity_set_sha256`."""
    if not isinstance(value, Mapping):
        return False
    names = ("name", "entities_sha256")
    relations = value.get("relations")
    return (
        all(isinstance(value.get(name), str) for name in names)
        and isinstance(value.get("entity_set_sha256", ""), str)
        and isinstance(relations, list)
        and all(isinstance(relation, str) for relation in relations)
    )


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_table(value: Any) -> bool:
    """Say whether it is a vector for each row, in the number format that models compute in."""
    return isinstance(value, Tensor) and value.ndim == 2 and value.dtype == torch.float32


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(name, str) for name in value)


def _is_number_or_none(value: Any) -> bool:
    return value is None or isinstance(value, (int, float))


KINDS: dict[str, Callable[[Any], bool]] = {
    "model": _is_state,
    "optimizer": _is_named,
    "graph": _is_identity,
    "epoch": _is_count,
    "stopper": _is_named,
    "validation_mrr": _is_number_or_none,
    "entity_vectors": _is_table,
    "relation_vectors": _is_table,
}


def check_entries(path: Path, content: Mapping[str, Any], needed: Collection[str]) -> None:
    """Raise `DataError` where an entry of `needed` is missing, or is not what it should be."""
    if missing := sorted(set(needed) - set(content)):
        raise DataError(f"{path} holds no {', '.join(missing)}.", "Train again.")
    for name in needed:
        if name in KINDS and not KINDS[name](content[name]):
            raise DataError(f"{path} is damaged: {name} is not what mygo writes there.", WAY_OUT)
