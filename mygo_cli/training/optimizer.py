"""Adam, lazy for embeddings of which a step touches a few rows only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


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
        """Return the state of each part under its name."""
        return {name: part.state_dict() for name, part in self._parts.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        for name, part in self._parts.items():
            part.load_state_dict(state[name])


def _gradients(parameters: Iterable[Tensor]) -> list[Tensor]:
    return [p.grad for p in parameters if p.grad is not None]
