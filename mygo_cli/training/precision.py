"""The number format of a training run: on a CPU `auto` times a product in both."""

from __future__ import annotations

import time
from dataclasses import replace

import torch
from torch import Tensor

from mygo_cli.device import BF16, FLOAT32, Precision, choose_precision
from mygo_cli.distributed.group import Processes
from mygo_cli.settings.sections import Settings

# Half the bits are taken for a product that is so many times as fast, not for noise in a timing.
# AVX512-BF16 doubles the rate, at a width of 64 it is 1.6 times as fast: well away from this.
TIMES_AS_FAST = 1.4
NARROWEST = 64  # below this width products are too small a part of a step to matter
ROWS, TRIALS = 256, 5


def with_precision(settings: Settings, device: torch.device, processes: Processes) -> Settings:
    """Return the settings with the number format named where they say auto.

    The first process decides for all. Raises what `choose_precision` raises.
    """
    chosen = choose_precision(settings.training.precision, device)
    if settings.training.precision == "auto" and device.type == "cpu":
        timed = bf16_pays(settings.model.dim) if processes.first else False
        chosen = BF16 if processes.gather_objects(timed)[0] else FLOAT32
    return computed_in(chosen, settings)


def computed_in(began: Precision, settings: Settings) -> Settings:
    """Return the settings with auto replaced by the number format that a run `began` with.

    It keeps to that when it is resumed, whatever the machine.
    """
    chosen = began if settings.training.precision == "auto" else settings.training.precision
    return replace(settings, training=replace(settings.training, precision=chosen))


def bf16_pays(width: int) -> bool:
    """Return whether this processor is much faster at a product of that width in bf16.

    It is with AMX tiles or AVX512-BF16; without such instructions bf16 is computed in float32.
    """
    if width < NARROWEST:
        return False
    left, right = torch.ones(ROWS, width), torch.ones(width, 4 * width)
    exact, short = (left, right), (left.bfloat16(), right.bfloat16())
    best = {FLOAT32: float("inf"), BF16: float("inf")}
    for _ in range(TRIALS):  # in turn, so that other work on the machine slows both
        best[FLOAT32] = min(best[FLOAT32], _seconds(*exact))
        best[BF16] = min(best[BF16], _seconds(*short))
    return best[FLOAT32] > TIMES_AS_FAST * best[BF16]


def _seconds(left: Tensor, right: Tensor) -> float:
    started = time.perf_counter()
    torch.mm(left, right)
    return time.perf_counter() - started
