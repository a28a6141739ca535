"""What every plugin is held to when it tokenizes: its contract, and errors of one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from mygo_cli.contracts import TokenizerInfo
from mygo_cli.errors import BackendError, MygoError, OutOfMemory, lacks_memory

Array = np.ndarray[Any, Any]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome:
    """What became of one batch: token ids of the items in `rows`, and reasons for the `failed`."""

    rows: list[int]
    tokens: list[Array]
    failed: list[tuple[int, str]] = field(default_factory=list)


def call(who: str, method: Callable[..., Result], *arguments: Any) -> Result:
    """Call a plugin's method; whatever it raises becomes a `MygoError` of one line."""
    try:
        return method(*arguments)
    except MygoError:
        raise
    except Exception as error:
        if lacks_memory(error):
            raise OutOfMemory(
                f"{who} ran out of memory.", "Give a smaller --batch-size."
            ) from error
        name = getattr(method, "__name__", "it")
        raise BackendError(
            f"{who} failed in {name}: {one_line(error)}.", "Report this to the plugin's author."
        ) from error


def checked(tokens: Sequence[Array], count: int, info: TokenizerInfo, who: str) -> None:
    """Raise `BackendError` unless `tokens` are `count` rows of ids that `info` allows."""
    fault = ""
    if len(tokens) != count:
        fault = f"gave {len(tokens)} results for {count} items"
    for ids in tokens:
        if ids.ndim != 1 or (len(ids) and not np.issubdtype(ids.dtype, np.integer)):
            fault = f"gave tokens of shape {ids.shape} and type {ids.dtype}"
        elif len(ids) > info.max_tokens:
            fault = f"gave {len(ids)} tokens, its maximum is {info.max_tokens}"
        elif len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < info.vocab_size:
            fault = f"gave token ids up to {int(ids.max())}, its vocabulary has {info.vocab_size}"
    if fault:
        raise BackendError(f"{who} {fault}.", "Report this to the plugin's author.")


def one_line(error: Exception) -> str:
    """Return what an exception says, as one clause."""
    said = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def check_codebook(codebook: Array, info: TokenizerInfo, who: str) -> None:
    """Raise `BackendError` unless the codebook is finite, float32 (vocab_size, dim)."""
    shape = (info.vocab_size, info.dim)
    if codebook.shape != shape or codebook.dtype != np.float32:
        fault = f"{codebook.dtype} {codebook.shape}, not float32 {shape}"
    elif not np.isfinite(codebook).all():
        fault = "not finite"
    else:
        return
    raise BackendError(f"{who} has a codebook that is {fault}.", "Report this to its author.")
