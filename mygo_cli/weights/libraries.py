"""Guarded import of timm and transformers, whatever state torchvision is in."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from functools import cache
from types import ModuleType
from typing import Any

from mygo_cli.errors import BackendError

# What torchvision's compiled half would have declared. Its Python half only asks that these
# names exist; the operators themselves are for detection models, which mygo never runs.
MISSING_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def import_timm() -> Any:
    """Return the module timm; raise `BackendError` where it cannot be imported."""
    return _import("timm")


def import_transformers() -> Any:
    """Return the module transformers; raise `BackendError` where it cannot be imported."""
    return _import("transformers")


@cache
def _import(name: str) -> ModuleType:
    """Import a library that needs torchvision, without what it says while it is imported."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mend_torchvision()
            return importlib.import_module(name)
    except Exception as error:  # a broken installation may raise anything
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise BackendError(
            f"The package {name} cannot be imported: {lines[0]}.",
            f"pip install --force-reinstall {name} torchvision",
        ) from error


@cache
def mend_torchvision() -> Any:
    """Make a torchvision importable whose compiled operators do not load beside this torch.

    A wheel built for CUDA beside a CPU-only torch swallows that its operators failed to load,
    then dies on the first one it mentions. With the operators' names declared its Python half
    works. A healthy torchvision and a missing one are left alone. What is returned keeps the
    declaration alive.
    """
    if "torchvision" in sys.modules or importlib.util.find_spec("torchvision") is None:
        return None
    try:
        importlib.import_module("torchvision")
        return None
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in MISSING_OPERATORS:
        library.define(operator)
    importlib.import_module("torchvision")
    return library
