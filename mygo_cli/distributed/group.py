"""Which of the processes that torchrun started this one is, and what they tell each other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Processes:
    """This process is number `rank`, from 0, of `count` that do one job together."""

    rank: int = 0
    count: int = 1

    @property
    def alone(self) -> bool:
        """Say whether there is but this one."""
        return self.count == 1

    @property
    def first(self) -> bool:
        """Say whether this process speaks and writes for all."""
        return self.rank == 0

    def part(self, total: int) -> slice:
        """Return which of `total` things are this process's: even runs, in order."""
        return slice(self.rank * total // self.count, (self.rank + 1) * total // self.count)

    def gather(self, rows: Tensor, total: int) -> Tensor:
        """Return the rows (total, ...) of all processes, given this one's `part` of them.

        Gradients flow back to the process that each row came from, summed over all processes.
        """
        if self.alone:
            return rows
        from mygo_cli.distributed.gather import gather_rows

        return gather_rows(rows, self.rank, self.count, total)

    def gather_objects(self, value: Any) -> list[Any]:
        """Return every process's value, in order."""
        if self.alone:
            return [value]
        import torch.distributed as dist

        values: list[Any] = [None] * self.count
        dist.all_gather_object(values, value)
        return values

    def any(self, value: bool) -> bool:
        """Say whether `value` is true in any process. No GPU is waited for."""
        if self.alone:
            return value
        import torch
        import torch.distributed as dist

        flag = torch.tensor([int(value)])
        dist.all_reduce(flag, op=dist.ReduceOp.MAX)
        return bool(flag.item())


ALONE = Processes()


def started_by_torchrun() -> Processes:
    """Return what `RANK` and `WORLD_SIZE` say, one process alone where they are not set."""
    rank, count = environment_number("RANK"), environment_number("WORLD_SIZE")
    if rank is None or count is None or not rank < count:
        return ALONE
    return Processes(rank, count)


def environment_number(variable: str) -> int | None:
    """Return an environment variable that holds a whole number, else None."""
    text = os.environ.get(variable, "")
    return int(text) if text.isdecimal() else None
