"""TransE: a relation moves the query towards its answer (Bordes et al. 2013)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mygo_cli.contracts import setting


@dataclass(frozen=True)
class TransEOptions:
    """The norm that measures distance."""

    norm: int = setting(2, "1 for the L1 norm, 2 for the L2 norm.")

    def __post_init__(self) -> None:
        if self.norm not in (1, 2):
            raise ValueError(f"norm must be 1 or 2, not {self.norm}.")


class TransE(nn.Module):
    """score(q, r, e) = -scale ||q + r - e||; the learned scale lets distances become logits."""

    description = "TransE, translations"
    Options = TransEOptions

    def __init__(self, dim: int, options: TransEOptions) -> None:
        super().__init__()
        self.norm = float(options.norm)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, query: Tensor, relation: Tensor, entities: Tensor) -> Tensor:
        """Return scores (B, N) of `query` (B, D) and `relation` (B, D) against all entities."""
        return -self.scale * torch.cdist(query + relation, entities, p=self.norm)
