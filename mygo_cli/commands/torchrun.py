"""Which part of a job is ours where torchrun, or a launcher like it, started several processes."""

from __future__ import annotations

import os

from mygo_cli import console


def shard_of_rank() -> tuple[int, int]:
    """Return the shard of this process, counted from 1: rank and number of processes.

    Reads `RANK` and `WORLD_SIZE`, and says so on stderr; (1, 1) where they are not set.
    """
    rank, processes = _number("RANK"), _number("WORLD_SIZE")
    if rank is None or processes is None or not rank < processes or processes == 1:
        return 1, 1
    console.note(f"RANK and WORLD_SIZE are set: as --shard {rank + 1}/{processes}.")
    return rank + 1, processes


def device_of_rank(name: str) -> str:
    """Return `--device`; for auto on CUDA the GPU of this process's `LOCAL_RANK`."""
    import torch

    rank = _number("LOCAL_RANK")
    if name != "auto" or rank is None or not torch.cuda.is_available():
        return name
    return f"cuda:{rank % torch.cuda.device_count()}"


def _number(variable: str) -> int | None:
    """Return an environment variable that holds a whole number, else None."""
    text = os.environ.get(variable, "")
    return int(text) if text.isdecimal() else None
