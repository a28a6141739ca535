"""How far an epoch is: what a run that stopped in the middle of it needs to go on to the same bits.

The order of an epoch's questions comes from the run's seed and the epoch's number. So a count of
steps says which questions are left, and the states of the random generators what is drawn next.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from mygo_cli.distributed.group import Processes


class Position:
    """The steps done of an epoch, what they summed up to, and the generators as they left them.

    `order` draws what all processes share. `sums` (2,) are this process's losses so far, and
    `good` counts the steps after which they were finite numbers: no GPU is waited for.
    """

    def __init__(self, order: torch.Generator, device: torch.device) -> None:
        self.order = order
        self.device = device
        self.step = 0
        self.sums = torch.zeros(2, device=device)
        self.good = torch.zeros((), dtype=torch.int64, device=device)
        self._started, self._earlier = time.perf_counter(), 0.0
        self._own: list[Tensor] = []

    @property
    def seconds(self) -> float:
        """Return how long the steps took, those before an interruption included."""
        return self._earlier + time.perf_counter() - self._started

    def begin(self) -> None:
        """Set this process's generators to where the steps done left them."""
        self._started = time.perf_counter()
        if self._own:
            torch.set_rng_state(self._own[0])
        if self.device.type == "cuda" and len(self._own) > 1:
            torch.cuda.set_rng_state(self._own[1], self.device)

    def add(self, losses: Tensor) -> None:
        """Count a step with these losses (2,)."""
        self.step += 1
        self.sums += losses
        self.good += torch.isfinite(self.sums).all()

    def state(self, steps: int, processes: Processes) -> dict[str, Any]:
        """Return tensors and plain values for a checkpoint, which all `processes` put together."""
        own = [torch.get_rng_state()]
        if self.device.type == "cuda":
            own.append(torch.cuda.get_rng_state(self.device))
        everyone = processes.gather_objects((self.sums.tolist(), own))
        return {
            "step": self.step,
            "steps": steps,
            "seconds": self.seconds,
            "order": self.order.get_state(),
            "sums": [sums for sums, _ in everyone],
            "generators": [states for _, states in everyone],
        }


def restored(
    state: Mapping[str, Any], steps: int, processes: Processes, device: torch.device
) -> Position:
    """Return the position that `Position.state` told of, in an epoch of so many `steps`.

    With another number of processes than before, losses go on from their sum, and each process's
    dropout draws as at the epoch's beginning. Raises `ValueError` or what PyTorch raises where the
    state is of another epoch, or is none.
    """
    if state["steps"] != steps or not 0 < state["step"] <= steps:
        raise ValueError(f"step {state['step']} of {state['steps']} in an epoch of {steps}")
    position = Position(_generator(state["order"]), device)
    position.step, position._earlier = state["step"], float(state["seconds"])
    position.good += state["step"]
    sums = state["sums"]
    if len(sums) == processes.count:
        own = sums[processes.rank]
        position._own = list(state["generators"][processes.rank])
        _generator(position._own[0])
    else:
        own = [sum(links for links, _ in sums), sums[0][1]] if processes.first else [0.0, 0.0]
    position.sums += torch.tensor(own, device=device)
    return position


def _generator(state: Tensor) -> torch.Generator:
    return torch.Generator().set_state(state)
