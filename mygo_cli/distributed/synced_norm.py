"""Batch normalisation over the questions of all processes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mygo_cli.device import at_least_float32
from mygo_cli.distributed.group import Processes


class SyncedBatchNorm(nn.BatchNorm1d):
    """`torch.nn.BatchNorm1d` whose statistics in training are those of the whole batch.

    PyTorch's own `SyncBatchNorm` wants a GPU; this one works on a CPU, too. Parameters, buffers
    and results are those of the layer it replaces, for input (B, D) of a part of the batch.
    """

    processes: Processes

    def forward(self, input: Tensor) -> Tensor:
        """Return `input` (B, D) normalised by the mean and variance over all processes."""
        if not self.training:
            return super().forward(input)
        wide = at_least_float32(input)
        count = torch.full_like(wide[:1, :1], len(wide))
        sums = self._over_all(torch.cat((count, wide.sum(0, keepdim=True)), 1))
        total, mean = sums[0], sums[1:] / sums[0]
        # Not as a difference of squares, of which little is left beside a large mean.
        variance = self._over_all((wide - mean).square().sum(0, keepdim=True)) / total
        self._remember(mean.detach(), variance.detach() * total.detach() / (total.detach() - 1))
        normed = (wide - mean) * torch.rsqrt(variance + self.eps)
        if self.weight is not None:
            normed = normed * self.weight + self.bias
        return normed.to(input.dtype)

    def _over_all(self, own: Tensor) -> Tensor:
        """Return the sum (D,) of all processes' rows (1, D)."""
        return self.processes.gather(own, self.processes.count).sum(0)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics, which evaluation uses, towards this batch's."""
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        momentum = self.momentum
        if momentum is None:
            momentum = 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), momentum)
        self.running_var.lerp_(variance.to(self.running_var.dtype), momentum)


def sync_batch_norms(module: nn.Module, processes: Processes) -> None:
    """Turn every `BatchNorm1d` of a module into one that sees the whole batch, in place."""
    for part in module.modules():
        if type(part) is nn.BatchNorm1d:
            part.__class__ = SyncedBatchNorm
            part.processes = processes  # type: ignore[assignment]
