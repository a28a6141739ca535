"""How many items are worked on at once: half as many once memory ran out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mygo_cli import console
from mygo_cli.errors import lacks_memory

if TYPE_CHECKING:
    from torch import Tensor

Result = TypeVar("Result")


@dataclass
class Portion:
    """At most `size` items at once, named `what` in the note; halved one time at most."""

    size: int
    what: str
    halved: bool = False

    def attempt(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns; call it again with half the size if memory ran out.

        Raises what `work` raised where the size was halved before or is 1.
        """
        try:
            return work()
        except Exception as error:
            if self.halved or self.size == 1 or not lacks_memory(error):
                raise
        # Only here is the error gone, and with it the tensors that its traceback held.
        self._halve()
        return work()

    def split(self, items: Tensor) -> tuple[Tensor, ...]:
        """Return items (B, ...) in portions of at most `size`."""
        parts: tuple[Tensor, ...] = items.split(self.size)
        return parts

    def _halve(self) -> None:
        import torch

        self.size, self.halved = (self.size + 1) // 2, True
        console.note(f"Out of memory: going on with {self.size} {self.what} at once.")
        torch.cuda.empty_cache()  # does nothing where CUDA was not used
