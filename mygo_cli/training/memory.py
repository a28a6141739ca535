"""Memory of a step: what cannot fit is refused before it begins."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from mygo_cli.errors import UsageError

# A score, its gradient and what softmax keeps, and the shares that a sample's scores are given.
COPIES_OF_ALL, COPIES_OF_SAMPLE = 4, 6
# A parameter, its gradient and Adam's two moments.
COPIES_OF_PARAMETER = 4


def refuse_what_cannot_fit(
    model: nn.Module, batch_size: int, candidates: int, sampled: bool, free: int | None
) -> None:
    """Raise `UsageError` where a step takes more than `free` bytes, with a batch size that fits.

    Each of `batch_size` questions is scored against so many `candidates`; `sampled` says that
    they are not all entities. What is counted is a lower bound: parameters and scores. `free`
    None is not known.
    """
    if free is None:
        return
    parameters = COPIES_OF_PARAMETER * sum(4 * p.numel() for p in model.parameters())
    question = 4 * candidates * (COPIES_OF_SAMPLE if sampled else COPIES_OF_ALL)
    needed = parameters + batch_size * question
    if needed <= free:
        return
    fitting = (free - parameters) // (2 * question)  # half of it, as more than this is needed
    problem = (
        f"A step of {batch_size:,} questions on {candidates:,} entities takes more than "
        f"{needed / 2**30:.1f} GiB; {free / 2**30:.1f} GiB are free."
    )
    if fitting < 1:
        raise UsageError(problem, "Use a smaller --dim, or --candidates 4096.")
    raise UsageError(problem, f"Use --batch-size {fitting}, or fewer --candidates.")


def free_memory(device: torch.device) -> int | None:
    """Return the free bytes of a device, None where the system does not tell."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None
    return int(line.split()[1]) << 10
