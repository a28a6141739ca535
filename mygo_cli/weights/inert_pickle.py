"""Stands for the module `pickle` where torch reads a file: tensors and plain containers only.

`torch.serialization.safe_globals` cannot take its place: it refuses a whole file that names
anything of `os` or `sys`, cannot list what a file of the old format names, and holds for all
threads at once.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from typing import IO, Any


class StandIn:
    """Takes the place of anything that a file names: can be made, called and filled in vain."""

    def __new__(cls, *args: Any, **kwargs: Any) -> StandIn:  # noqa: D102
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __call__(self, *args: Any, **kwargs: Any) -> StandIn:  # noqa: D102
        return self

    def __setitem__(self, key: Any, item: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...

    def append(self, item: Any) -> None:
        """Take an item of a pickled list, and forget it."""

    extend = append
    add = append


class Unpickler(pickle.Unpickler):
    """Builds tensors and plain containers, and a `StandIn` for everything else."""

    def find_class(self, module: str, name: str, /) -> Any:
        """Return what rebuilds a tensor or container, else a fresh class that does nothing.

        Functions are wrapped anew each time, because a pickle can set attributes on what it finds.
        """
        import torch

        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda *parts: torch._utils._rebuild_tensor_v2(*parts)
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if (module, name) == ("torch._tensor", "_rebuild_from_type_v2"):
            return lambda rebuild, kind, parts, state: rebuild(*parts)
        if module == "torch" and isinstance(getattr(torch, name, None), torch.dtype):
            return getattr(torch, name)
        if (module, name) == ("torch", "Size"):
            return tuple
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module in ("builtins", "__builtin__") and name in ("set", "frozenset"):
            return set if name == "set" else frozenset
        return type(name, (StandIn,), {"__module__": module})


def load(file: IO[bytes], **options: Any) -> Any:
    """Return the next object of a file, as `pickle.load` does."""
    return Unpickler(file, **options).load()
