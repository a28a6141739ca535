"""How many pictures go to the encoder at once: half as many once memory ran out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch

from mygo_cli import console
from mygo_cli.tokens.encoding import OutOfMemory

Result = TypeVar("Result")


@dataclass
class Portion:
    """At most `size` pictures at once; halved one time at most."""

    size: int
    halved: bool = False

    def attempt(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns; call it again with half the size if memory ran out.

        Raises `OutOfMemory` where the size was halved before or is 1.
        """
        try:
            return work()
        except OutOfMemory:
            if self.halved or self.size == 1:
                raise
        # Only here is the error gone, and with it the tensors that its traceback held.
        self._halve()
        return work()

    def split(self, pictures: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return pictures (B, ...) in portions of at most `size`."""
        return torch.split(pictures, self.size)

    def _halve(self) -> None:
        self.size, self.halved = (self.size + 1) // 2, True
        console.note(f"Out of memory: going on with {self.size} pictures at once.")
        torch.cuda.empty_cache()  # does nothing where CUDA was not used
