"""Dropout with cheap masks: on a CPU drawing them is a large part of a training step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LEVELS = 1 << 16  # a mask draws 16 random bits an element, so rates are multiples of 1 / LEVELS


class Dropout(nn.Module):
    """As `torch.nn.Dropout`: zero a share `p` of the elements in training, scale up the rest.

    Decoder plugins may use it too. On the CPU four elements share one 64-bit random number; the
    rate is rounded to a multiple of 1 / 65536 and the scale fits the rounded rate.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"dropout must lie in [0, 1), not {p}.")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` with the share `p` of its elements zeroed, unchanged in evaluation."""
        if not self.training or self.p == 0:
            return x
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.p)
        return x * keep_mask(x.shape, self.p, x.dtype)

    def extra_repr(self) -> str:
        """Return what `print` shows between the brackets."""
        return f"p={self.p}"


def keep_mask(shape: torch.Size, p: float, dtype: torch.dtype) -> Tensor:
    """Return a CPU tensor of zeros, a share `p`, and of the number that keeps the mean."""
    dropped = min(max(round(p * LEVELS), 1), LEVELS - 1)
    count = shape.numel()
    draws = torch.empty(-(-count // 4), dtype=torch.int64)
    draws.random_(-(2**63), None)
    bits = draws.view(torch.int16)[:count].view(shape)
    # Comparing floats in place costs a third of comparing the integers and converting the result.
    keep = bits.to(torch.promote_types(dtype, torch.float32)).ge_(dropped - LEVELS // 2)
    return keep.mul_(LEVELS / (LEVELS - dropped)).to(dtype)
