"""CMEE, the cross-modal entity encoder: fine-grained tokens to entity vectors (section 4.2.1)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mygo_cli.dropout import Dropout
from mygo_cli.model.options import ModelOptions
from mygo_cli.model.transformer import Encoder
from mygo_cli.tokens.selection import TokenTable


class ModalityTokens(nn.Module):
    """The frozen token embeddings of one modality and their learned projection."""

    ids: Tensor
    mask: Tensor
    codes: Tensor

    def __init__(self, table: TokenTable, dim: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("ids", torch.from_numpy(table.ids).long())
        self.register_buffer("mask", torch.from_numpy(table.mask))
        self.register_buffer("codes", torch.from_numpy(table.codes).float())
        self.proj = nn.Linear(self.codes.shape[1], dim)
        self.norm = nn.LayerNorm(dim)
        self.dropout = Dropout(dropout)
        self.offset = nn.Parameter(torch.empty(dim))
        nn.init.normal_(self.offset, std=dim**-0.5)

    def forward(self, rows: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return projected tokens (R, m, D) and their mask (R, m) of the entities `rows` (R,).

        Each distinct code is projected and normalised once, then gathered.
        """
        projected = self.norm(self.proj(self.codes))
        ids, mask = (self.ids, self.mask) if rows is None else (self.ids[rows], self.mask[rows])
        return self.dropout(F.embedding(ids, projected)) + self.offset, mask


@dataclass(frozen=True)
class EntityOutputs:
    """Every output of the encoder, for R entities and sequences of L tokens.

    `states` (R, L, D) and `mask` (R, L); `image` and `text` are the places of those tokens.
    """

    states: Tensor
    mask: Tensor
    image: slice
    text: slice


class EntityEncoder(nn.Module):
    """A transformer over [ENT], the structure embedding, image tokens and text tokens."""

    def __init__(
        self,
        num_entities: int,
        image: TokenTable | None,
        text: TokenTable | None,
        options: ModelOptions,
    ) -> None:
        super().__init__()
        dim = options.dim
        self.num_entities = num_entities
        self.entity_token = nn.Parameter(torch.empty(1, dim))
        nn.init.normal_(self.entity_token, std=dim**-0.5)
        self.structure = None
        if options.structure:
            self.structure = nn.Embedding(num_entities, dim)
            nn.init.xavier_uniform_(self.structure.weight)
            self.structure_norm = nn.LayerNorm(dim)
            self.structure_dropout = Dropout(options.structure_dropout)
            self.structure_offset = nn.Parameter(torch.empty(dim))
            nn.init.normal_(self.structure_offset, std=dim**-0.5)
        self.image = ModalityTokens(image, dim, options.image_dropout) if image else None
        self.text = ModalityTokens(text, dim, options.text_dropout) if text else None
        self.encoder = Encoder(
            options.entity_layers, dim, options.heads, options.feed_forward, options.dropout
        )

    def forward(self, rows: Tensor | None = None) -> Tensor:
        """Return the vectors (R, D) of the entities `rows` (R,), of all where None."""
        x, mask, _, _ = self._sequence(rows)
        return self.encoder.first(x, mask, self.entity_token)

    def outputs(self, rows: Tensor) -> EntityOutputs:
        """Return the outputs at every position, which contrastive learning needs."""
        x, mask, image, text = self._sequence(rows)
        return EntityOutputs(self.encoder(x, mask), mask, image, text)

    def _sequence(self, rows: Tensor | None) -> tuple[Tensor, Tensor, slice, slice]:
        """Return the input sequences (R, L, D), their mask (R, L), image and text places."""
        count = self.num_entities if rows is None else len(rows)
        parts = [self.entity_token.expand(count, 1, -1)]
        if self.structure is not None:
            weight = self.structure.weight if rows is None else self.structure(rows)
            structure = self.structure_dropout(self.structure_norm(weight)) + self.structure_offset
            parts.append(structure[:, None])
        length = len(parts)
        masks = [torch.ones(count, length, dtype=torch.bool, device=self.entity_token.device)]
        places = []
        for tokens in (self.image, self.text):
            start = length
            if tokens is not None:
                part, mask = tokens(rows)
                parts.append(part)
                masks.append(mask)
                length += part.shape[1]
            places.append(slice(start, length))
        return torch.cat(parts, 1), torch.cat(masks, 1), places[0], places[1]
