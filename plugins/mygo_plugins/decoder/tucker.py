"""TuckER: a learned core tensor couples query, relation and entity (Balazevic et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mygo_cli.contracts import check_bounds, setting
from mygo_cli.device import in_autocast_type
from mygo_cli.model.dropout import Dropout
from mygo_plugins.decoder.core_product import CoreProduct
from mygo_plugins.decoder.products import products


@dataclass(frozen=True)
class TuckEROptions:
    """Dropout rates, and the size of the blocks that dropout on matrices needs."""

    input_dropout: float = setting(0.1, "Dropout on the query.", least=0, below=1)
    relation_dropout: float = setting(0.1, "Dropout on the relation.", least=0, below=1)
    matrix_dropout: float = setting(
        0.0, "Dropout on the relation's matrix, as published (slower).", least=0, below=1
    )
    output_dropout: float = setting(0.2, "Dropout before the product.", least=0, below=1)
    chunk: int = setting(256, "Matrices made at once, where those have dropout.", least=1)

    def __post_init__(self) -> None:
        check_bounds(self)


class TuckER(nn.Module):
    """score(q, r, e) = W x_1 r x_2 q x_3 e, with batch norms placed as published."""

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
        self.dropout_matrix = Dropout(options.matrix_dropout)
        self.dropout_out = Dropout(options.output_dropout)
        self.chunk = options.chunk

    def forward(self, query: Tensor, relation: Tensor, entities: Tensor) -> Tensor:
        """Return scores (B, N) of `query` (B, D) and `relation` (B, D) against all entities."""
        x = self.dropout_in(_normed(self.norm_in, query))
        mixed = self._contract(x, self.dropout_relation(relation))
        context = self.dropout_out(_normed(self.norm_out, mixed))
        return products(context, entities, self.training)

    def _contract(self, query: Tensor, relation: Tensor) -> Tensor:
        """Return W x_1 r x_2 q, (B, D), without a matrix (D, D) for each question of a batch."""
        if not self.training or self.dropout_matrix.p == 0:
            factors = in_autocast_type(query, relation, self.core)
            product: Tensor = CoreProduct.apply(*factors)  # type: ignore[no-untyped-call]
            return product
        blocks = zip(query.split(self.chunk), relation.split(self.chunk), strict=True)
        return torch.cat([self._contract_matrices(*block) for block in blocks])

    def _contract_matrices(self, query: Tensor, relation: Tensor) -> Tensor:
        """Return the same, (b, D), with dropout on matrices, made again in the backward pass."""

        def contract(query: Tensor, relation: Tensor) -> Tensor:
            matrices = self.dropout_matrix(relation @ self.core.flatten(1))
            return (query[:, None] @ matrices.unflatten(1, self.core.shape[1:]))[:, 0]

        result: Tensor = checkpoint(contract, query, relation, use_reentrant=False)
        return result


def _normed(norm: nn.BatchNorm1d, x: Tensor) -> Tensor:
    """Return `x` (B, D) normalised; a batch of one has no variance and counts as in evaluation."""
    if len(x) > 1:
        return norm(x)
    return F.batch_norm(
        x, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
    )
