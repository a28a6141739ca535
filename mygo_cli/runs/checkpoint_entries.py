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


def _is_triples(value: Any) -> bool:
    whole = isinstance(value, Tensor) and value.dtype == torch.int64
    return whole and value.ndim == 2 and value.shape[1] == 3


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(name, str) for name in value)


def _is_number_or_none(value: Any) -> bool:
    return value is None or isinstance(value, (int, float))


def _is_place(value: Any) -> bool:
    """Say whether it is what `Position.state` gives, or None for the end of an epoch."""
    if value is None:
        return True
    if not isinstance(value, Mapping):
        return False
    sums, generators = value.get("sums"), value.get("generators")
    return (
        _is_count(value.get("step"))
        and _is_count(value.get("steps"))
        and isinstance(value.get("seconds"), float)
        and isinstance(value.get("order"), Tensor)
        and isinstance(sums, list)
        and isinstance(generators, list)
        and len(sums) == len(generators) > 0
        and all(_are(float, two) and len(two) == 2 for two in sums)
        and all(_are(Tensor, states) and len(states) > 0 for states in generators)
    )


def _are(kind: type, values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)


KINDS: dict[str, Callable[[Any], bool]] = {
    "model": _is_state,
    "optimizer": _is_named,
    "graph": _is_identity,
    "epoch": _is_count,
    "stopper": _is_named,
    "within": _is_place,
    "validation_mrr": _is_number_or_none,
    "entity_vectors": _is_table,
    "relation_vectors": _is_table,
    "held_out": _is_triples,
}


def check_entries(path: Path, content: Mapping[str, Any], needed: Collection[str]) -> None:
    """Raise `DataError` where an entry of `needed` is missing, or is not what it should be."""
    if missing := sorted(set(needed) - set(content)):
        raise DataError(f"{path} holds no {', '.join(missing)}.", "Train again.")
    for name in [name for name in KINDS if name in content]:
        if not KINDS[name](content[name]):
            raise DataError(f"{path} is damaged: {name} is not what mygo writes there.", WAY_OUT)


def check_numbers(path: Path, content: Mapping[str, Any]) -> None:
    """Raise `DataError` where vectors or parameters are not numbers: nothing follows from those.

    Infinite ones are allowed among the parameters, as a plugin may mask with them.
    """
    for name, entry in content.items():
        tables = entry.items() if name == "model" else [(name, entry)]
        for inner, table in tables:
            if isinstance(table, Tensor) and table.is_floating_point() and table.numel():
                ends = torch.stack(torch.aminmax(table.float()))
                if ends.isnan().any() or (name != "model" and ends.isinf().any()):
                    raise DataError(
                        f"{path} holds numbers that are not finite, in {inner}.",
                        "Train again with a smaller --learning-rate.",
                    )
