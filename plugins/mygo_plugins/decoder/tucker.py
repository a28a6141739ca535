"""TuckER: a learned core tensor couples query, relation and entity (Balazevic et al. 2019)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mygo_cli.dropout import Dropout

# A batch whose relation matrices take more than this has them made again in the backward pass:
# a third more products, but no tensor (B, D, D) is kept.
KEPT_BYTES = 1 << 26


@dataclass(frozen=True)
class TuckEROptions:
    """Dropout rates and the size of the blocks in which the core is contracted."""

    input_dropout: float = field(default=0.1, metadata={"help": "Dropout on the query."})
    relation_dropout: float = field(
        default=0.1, metadata={"help": "Dropout on the relation's matrix."}
    )
    output_dropout: float = field(default=0.2, metadata={"help": "Dropout before the product."})
    chunk: int = field(default=256, metadata={"help": "Queries contracted at once."})

    def __post_init__(self) -> None:
        if self.chunk < 1:
            raise ValueError(f"chunk must be at least 1, not {self.chunk}.")


class TuckER(nn.Module):
    """score(q, r, e) = W x_1 r x_2 q x_3 e, with batch norm and dropout placed as published."""

    description = "TuckER, a learned core tensor (the paper's decoder)"
    Options = TuckEROptions

    def __init__(self, dim: int, options: TuckEROptions) -> None:
        super().__init__()
        self.core = nn.Parameter(torch.empty(dim, dim, dim).uniform_(-0.1, 0.1))
        self.norm_in = nn.BatchNorm1d(dim)
        self.norm_out = nn.BatchNorm1d(dim)
        # Entity vectors have norm sqrt(dim): without this the first scores spread by that much,
        # and most of the training goes into taking it back.
        nn.init.constant_(self.norm_out.weight, dim**-0.5)
        self.dropout_in = Dropout(options.input_dropout)
        self.dropout_relation = Dropout(options.relation_dropout)
        self.dropout_out = Dropout(options.output_dropout)
        self.chunk = options.chunk

    def forward(self, query: Tensor, relation: Tensor, entities: Tensor) -> Tensor:
        """Return scores (B, N) of `query` (B, D) and `relation` (B, D) against all entities."""
        x = self.dropout_in(_normed(self.norm_in, query))
        contract: Callable[[Tensor, Tensor], Tensor] = self._contract
        if torch.is_grad_enabled() and 4 * len(x) * self.core[0].numel() > KEPT_BYTES:
            contract = partial(checkpoint, self._contract, use_reentrant=False)
        blocks = zip(x.split(self.chunk), relation.split(self.chunk), strict=True)
        mixed = torch.cat([contract(*block) for block in blocks])
        return self.dropout_out(_normed(self.norm_out, mixed)) @ entities.T

    def _contract(self, query: Tensor, relation: Tensor) -> Tensor:
        """Return (b, D): the query times its relation's matrix, never (B, D, D) for a batch."""
        matrices = self.dropout_relation(relation @ self.core.flatten(1))
        return (query[:, None] @ matrices.unflatten(1, self.core.shape[1:]))[:, 0]


def _normed(norm: nn.BatchNorm1d, x: Tensor) -> Tensor:
    """Return `x` (B, D) normalised; a batch of one has no variance and counts as in evaluation."""
    if len(x) > 1:
        return norm(x)
    return F.batch_norm(
        x, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
    )
