"""A transformer encoder whose last layer computes only the positions that are asked for."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mygo_cli.model.dropout import Dropout


class SelfAttention(nn.Module):
    """Multi-head attention with the parameter names of `torch.nn.MultiheadAttention`."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = Dropout(dropout)
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
        self.out_proj = nn.Linear(dim, dim)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, mask: Tensor | None, queries: Tensor) -> Tensor:
        """Return what `queries` (B or 1, R, D) gather from `x` (B, L, D), as (B, R, D).

        `mask` (B, L) is True where a position may be attended to.
        """
        if queries.shape[1] == 1:
            return self._pool(x, mask, queries[:, 0]).unsqueeze(1)
        w_query, w_key, w_value = self.in_proj_weight.chunk(3)
        b_query, b_key, b_value = self.in_proj_bias.chunk(3)
        query = self._split(F.linear(queries, w_query, b_query))
        key = self._split(F.linear(x, w_key, b_key))
        value = self._split(F.linear(x, w_value, b_value))
        mixed = F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=None if mask is None else mask[:, None, None, :],
            dropout_p=self.dropout.p if self.training else 0.0,
        )
        return self.out_proj(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        """Return (B, L, D) as (B, H, L, D / H)."""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def _pool(self, x: Tensor, mask: Tensor | None, query: Tensor) -> Tensor:
        """Return the output for one query a sequence, (B, D), without keys and values.

        With one query q the score of position j in head h is x_j . (W_k,h^T q_h) plus a constant
        that softmax ignores, and the output is W_v,h (sum_j a_j x_j) + (sum_j a_j) b_v,h: two
        products with x instead of two (B, L, D) tensors. `query` is (B, D), or (1, D) where all
        sequences share it.
        """
        weights = self.dropout(self.weights(x, mask, query))
        return self.unfold(weights.transpose(1, 2) @ x, weights.sum(1))

    def weights(self, x: Tensor, mask: Tensor | None, query: Tensor) -> Tensor:
        """Return how much one query a sequence attends to each position in each head, (B, L, H).

        Each head's weights sum to 1. Arguments as for `_pool`.
        """
        folded = self.fold(query)
        shared = len(folded) == 1
        scores = x @ (folded[0].T if shared else folded.transpose(1, 2))
        if mask is not None:
            scores = scores.masked_fill(~mask[:, :, None], -math.inf)
        return scores.softmax(1)

    def fold(self, query: Tensor) -> Tensor:
        """Return, for queries (B, D), what scores a position x by x . f in each head, (B, H, D)."""
        head_dim = self.out_proj.in_features // self.heads
        w_query, w_key, _ = self.in_proj_weight.chunk(3)
        heads = F.linear(query, w_query, self.in_proj_bias.chunk(3)[0]).unflatten(
            1, (self.heads, head_dim)
        )
        key_heads = w_key.unflatten(0, (self.heads, head_dim))
        return torch.einsum("bhe,hed->bhd", heads, key_heads) / math.sqrt(head_dim)

    def unfold(self, pooled: Tensor, total: Tensor) -> Tensor:
        """Return the attention's output (B, D), given each head's weighted sum of positions.

        `pooled` (B, H, D), and `total` (B, H), the sum of the weights.
        """
        w_value, b_value = self.in_proj_weight.chunk(3)[2], self.in_proj_bias.chunk(3)[2]
        # Head by head: one batched product would first copy both sides into another order.
        pairs = zip(pooled.unbind(1), w_value.chunk(self.heads), strict=True)
        heads = torch.stack([F.linear(part, weight) for part, weight in pairs], 1)
        heads = heads + total[:, :, None] * b_value.unflatten(0, (self.heads, -1))
        return self.out_proj(heads.flatten(1))


class EncoderLayer(nn.Module):
    """A post-norm layer with ReLU, parameters named as in `torch.nn.TransformerEncoderLayer`."""

    def __init__(self, dim: int, heads: int, feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.self_attn = SelfAttention(dim, heads, dropout)
        self.linear1 = nn.Linear(dim, feed_forward)
        self.linear2 = nn.Linear(feed_forward, dim)
        self.norm1 = nn.LayerNorm(dim)
        self.norm2 = nn.LayerNorm(dim)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None, queries: Tensor) -> Tensor:
        """Return the layer's output at the positions whose states are `queries`, (B, R, D)."""
        return self.finish(queries, self.self_attn(x, mask, queries))

    def finish(self, queries: Tensor, attended: Tensor) -> Tensor:
        """Return the layer's output, given its attention's: all that follows, (..., D)."""
        x = self.norm1(queries + self.dropout(attended))
        hidden = self.dropout(F.relu(self.linear1(x)))
        return self.norm2(x + self.dropout(self.linear2(hidden)))


class Encoder(nn.Module):
    """A stack of layers (Vaswani et al. 2017)."""

    def __init__(
        self, layers: int, dim: int, heads: int, feed_forward: int, dropout: float
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            EncoderLayer(dim, heads, feed_forward, dropout) for _ in range(layers)
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return every position's output, (B, L, D), for `x` (B, L, D) and `mask` (B, L)."""
        for layer in self.layers:
            x = layer(x, mask, x)
        return x

    def first(self, x: Tensor, mask: Tensor | None, shared: Tensor) -> Tensor:
        """Return the first position's output only, (B, D).

        `shared` (1, D) is the first position's input where it is the same in all sequences: with
        one layer its query is then computed once.
        """
        for layer in self.layers[:-1]:
            x = layer(x, mask, x)
        query = shared[:, None] if len(self.layers) == 1 else x[:, :1]
        return self.layers[-1](x, mask, query)[:, 0]

    def attention_of_first(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return how the last layer's first position attends to all, mean over heads, (B, L)."""
        for layer in self.layers[:-1]:
            x = layer(x, mask, x)
        last = self.layers[-1]
        assert isinstance(last, EncoderLayer)
        return last.self_attn.weights(x, mask, x[:, 0]).mean(2)

    def at(self, x: Tensor, places: Tensor) -> Tensor:
        """Return the outputs at `places` (B, R) only, (B, R, D)."""
        for layer in self.layers[:-1]:
            x = layer(x, None, x)
        queries = x.gather(1, places[:, :, None].expand(-1, -1, x.shape[2]))
        return self.layers[-1](x, None, queries)
