"""Which part of a job is ours where torchrun, or a launcher like it, started several processes."""

from __future__ import annotations

from mygo_cli import console
from mygo_cli.processes.group import environment_number, started_by_torchrun


def shard_of_rank() -> tuple[int, int]:
    """Return the shard of this process, counted from 1: rank and number of processes.

    Reads `RANK` and `WORLD_SIZE`, and says so on stderr; (1, 1) where they are not set.
    """
    processes = started_by_torchrun()
    if not processes.alone:
        shard = f"{processes.rank + 1}/{processes.count}"
        console.note(f"RANK and WORLD_SIZE are set: as --shard {shard}.")
    return processes.rank + 1, processes.count


def device_of_rank(name: str) -> str:
    """Return `--device`; for auto on CUDA the GPU of this process's `LOCAL_RANK`."""
    import torch

    rank = environment_number("LOCAL_RANK")
    if name != "auto" or rank is None or not torch.cuda.is_available():
        return name
    return f"cuda:{rank % torch.cuda.device_count()}"
