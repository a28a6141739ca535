"""Adam, lazy for embeddings of which a step touches a few rows only, and the course of its rate."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from mygo_cli.settings.sections import TrainingSettings


class Optimizer:
    """Adam with clipped gradients (Kingma and Ba 2015).

    Parameters with sparse gradients go to `torch.optim.SparseAdam`, which moves the rows that have
    a gradient and leaves all others alone: a step costs the same however many rows there are.
    """

    def __init__(self, model: nn.Module, learning_rate: float, clip: float) -> None:
        sparse = [m.weight for m in model.modules() if isinstance(m, nn.Embedding) and m.sparse]
        rows = {id(weight) for weight in sparse}
        self._sparse = sparse
        self._dense = [p for p in model.parameters() if p.requires_grad and id(p) not in rows]
        self._clip = clip
        fused = self._dense[0].device.type in ("cpu", "cuda")
        self._parts: dict[str, torch.optim.Optimizer] = {
            "adam": torch.optim.Adam(self._dense, lr=learning_rate, fused=fused)
        }
        if sparse:
            self._parts["sparse_adam"] = torch.optim.SparseAdam(sparse, lr=learning_rate)

    def step(self, loss: Tensor, learning_rate: float) -> None:
        """Follow the gradient of `loss`, clipped to the largest norm, by one step."""
        for part in self._parts.values():
            part.zero_grad()
            for group in part.param_groups:
                group["lr"] = learning_rate
        loss.backward()
        self._clip_gradients()
        for part in self._parts.values():
            part.step()

    def _clip_gradients(self) -> None:
        if not self._sparse:
            torch.nn.utils.clip_grad_norm_(self._dense, self._clip)
            return
        for weight in self._sparse:
            weight.grad = None if weight.grad is None else weight.grad.coalesce()
        values = _gradients(self._dense) + [g._values() for g in _gradients(self._sparse)]
        norms = torch.stack([torch.linalg.vector_norm(value) for value in values])
        shrink = (self._clip / (torch.linalg.vector_norm(norms) + 1e-6)).clamp(max=1)
        for value in values:
            value.mul_(shrink)

    def state_dict(self) -> dict[str, Any]:
        """Return the moments of each part under its name; the rest follows from the settings."""
        return {name: {"state": part.state_dict()["state"]} for name, part in self._parts.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Raises `ValueError`, `KeyError`, `TypeError` or `AttributeError` for what it did not give.
        """
        for name, part in self._parts.items():
            part.load_state_dict({**part.state_dict(), "state": state[name]["state"]})
            for weight, kept in part.state.items():
                _check_moments(weight, kept)


def _check_moments(weight: Any, kept: dict[str, Any]) -> None:
    """Raise `ValueError` unless it is what Adam keeps of a parameter."""
    shapes = {name: getattr(value, "shape", None) for name, value in kept.items()}
    expected = {"step": torch.Size(), "exp_avg": weight.shape, "exp_avg_sq": weight.shape}
    if shapes | {"step": torch.Size()} != expected:  # SparseAdam counts steps with a plain number
        raise ValueError(f"moments of shapes {shapes} for a parameter of {weight.shape}")


def _gradients(parameters: Iterable[Tensor]) -> list[Tensor]:
    return [p.grad for p in parameters if p.grad is not None]


def rate(settings: TrainingSettings, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate of a step, counted from 0 over all epochs.

    one-cycle rises along a cosine during the share `warmup` of all steps, then falls to 0 along
    a cosine (Smith and Topin 2019). cosine-restarts falls to 0 within `restart_epochs` epochs, then
    starts again with a doubled period, and changes once an epoch (Loshchilov and Hutter 2017).
    """
    return settings.learning_rate * _share(settings, step, steps_per_epoch)


def _share(settings: TrainingSettings, step: int, steps_per_epoch: int) -> float:
    if settings.schedule == "constant":
        return 1.0
    if settings.schedule == "cosine-restarts":
        epoch, period = step // steps_per_epoch, settings.restart_epochs
        while epoch >= period:
            epoch, period = epoch - period, 2 * period
        return _fall(epoch / period)
    # The last step's rate is 0, but the only one's.
    done = (step + 1) / max(2, settings.epochs * steps_per_epoch)
    if done < settings.warmup:
        return 1 - _fall(done / settings.warmup)
    return _fall((done - settings.warmup) / (1 - settings.warmup))


def _fall(done: float) -> float:
    """Return half a cosine, from 1 at 0 to 0 at 1."""
    return 0.5 * (1 + math.cos(math.pi * done))
