"""CTE, the contextual triple encoder: a query in the context of its relation (section 4.2.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mygo_cli.model.transformer import Encoder
from mygo_cli.settings.sections import ModelOptions

HEAD, RELATION, TAIL = 0, 1, 2


class TripleEncoder(nn.Module):
    """A transformer over (head, relation, tail) with [CXT] at the missing side."""

    def __init__(self, options: ModelOptions) -> None:
        super().__init__()
        dim = options.dim
        self.context_token = nn.Parameter(torch.empty(dim))
        self.places = nn.Parameter(torch.empty(3, dim))
        nn.init.normal_(self.context_token, std=dim**-0.5)
        nn.init.normal_(self.places, std=dim**-0.5)
        self.encoder = Encoder(
            options.triple_layers, dim, options.heads, options.feed_forward, options.dropout
        )

    def forward(
        self, entity: Tensor, relation: Tensor, predict_head: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the context (B, D) and the contextual relation (B, D).

        `entity` (B, D) is the known side, `relation` (B, D); `predict_head` (B,) is True where
        the head is missing.
        """
        missing = self.context_token.expand_as(entity)
        ask_head = predict_head[:, None]
        head = torch.where(ask_head, missing, entity)
        tail = torch.where(ask_head, entity, missing)
        x = torch.stack((head, relation, tail), 1) + self.places
        context_place = torch.where(predict_head, HEAD, TAIL)
        wanted = torch.stack((context_place, torch.full_like(context_place, RELATION)), 1)
        outputs = self.encoder.at(x, wanted)
        return outputs[:, 0], outputs[:, 1]
