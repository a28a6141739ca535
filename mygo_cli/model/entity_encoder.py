"""CMEE, the cross-modal entity encoder: fine-grained tokens to entity vectors (section 4.2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mygo_cli.dropout import Dropout
from mygo_cli.model.code_pool import Bag, pool_codes
from mygo_cli.model.options import ModelOptions
from mygo_cli.model.transformer import Encoder, EncoderLayer
from mygo_cli.tokens.selection import TokenTable


class ModalityTokens(nn.Module):
    """The frozen token embeddings of one modality and their learned projection."""

    ids: Tensor
    mask: Tensor
    codes: Tensor

    def __init__(self, table: TokenTable, dim: int, dropout: float, per_code: bool) -> None:
        super().__init__()
        self.per_code = per_code
        self.register_buffer("ids", torch.from_numpy(table.ids).long())
        self.register_buffer("mask", torch.from_numpy(table.mask))
        self.register_buffer("codes", torch.from_numpy(table.codes).float())
        self.proj = nn.Linear(self.codes.shape[1], dim)
        self.norm = nn.LayerNorm(dim)
        self.dropout = Dropout(dropout)
        self.offset = nn.Parameter(torch.empty(dim))
        nn.init.normal_(self.offset, std=dim**-0.5)

    def project(self) -> Tensor:
        """Return each distinct code, projected and normalised, (K, D)."""
        return self.norm(self.proj(self.codes))

    def table(self, projected: Tensor) -> Tensor:
        """Return each code as the encoder reads it, (K, D), with one dropout mask a code."""
        return self.dropout(projected) + self.offset

    def chosen(self, rows: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the code numbers (R, m) and the mask (R, m) of the entities `rows` (R,)."""
        return (self.ids, self.mask) if rows is None else (self.ids[rows], self.mask[rows])

    def forward(self, rows: Tensor | None, projected: Tensor) -> tuple[Tensor, Tensor]:
        """Return projected tokens (R, m, D) and their mask (R, m) of the entities `rows` (R,)."""
        ids, mask = self.chosen(rows)
        if self.per_code:
            return F.embedding(ids, self.table(projected)), mask
        return self.dropout(F.embedding(ids, projected)) + self.offset, mask


class ProjectedCodes(NamedTuple):
    """The projected codes (K, D) of each modality in use: once a step serves every pass."""

    image: Tensor | None
    text: Tensor | None


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
        per_code = options.token_dropout == "code"
        self.image = self.text = None
        if image is not None:
            self.image = ModalityTokens(image, dim, options.image_dropout, per_code)
        if text is not None:
            self.text = ModalityTokens(text, dim, options.text_dropout, per_code)
        self.encoder = Encoder(
            options.entity_layers, dim, options.heads, options.feed_forward, options.dropout
        )

    def project(self) -> ProjectedCodes:
        """Return the projected codes that `forward` and `outputs` gather from."""
        return ProjectedCodes(
            None if self.image is None else self.image.project(),
            None if self.text is None else self.text.project(),
        )

    def forward(self, codes: ProjectedCodes, rows: Tensor | None = None) -> Tensor:
        """Return the vectors (R, D) of the entities `rows` (R,), of all where None."""
        if len(self.encoder.layers) == 1 and self._tokens_are_codes():
            return self._pooled(codes, rows)
        x, mask, _, _ = self._sequence(codes, rows)
        return self.encoder.first(x, mask, self.entity_token)

    def outputs(self, codes: ProjectedCodes, rows: Tensor) -> EntityOutputs:
        """Return the outputs at every position, which contrastive learning needs."""
        x, mask, image, text = self._sequence(codes, rows)
        return EntityOutputs(self.encoder(x, mask), mask, image, text)

    def _tokens_are_codes(self) -> bool:
        """Say whether a token's input depends on its code alone, not on its entity."""
        parts = [part for part in (self.image, self.text) if part is not None]
        silent = not self.training or all(part.dropout.p == 0 for part in parts)
        return silent or all(part.per_code for part in parts)

    def _pooled(self, codes: ProjectedCodes, rows: Tensor | None) -> Tensor:
        """Return what a single layer makes of [ENT], (R, D), without any token sequence.

        [ENT]'s query is one vector, so each code is scored once and its rows are summed by
        weight: the same numbers as `first` over the sequence, without a tensor (R, L, D).
        """
        layer = self.encoder.layers[0]
        assert isinstance(layer, EncoderLayer)
        count = self.num_entities if rows is None else len(rows)
        single = [self.entity_token.expand(count, -1)]
        if self.structure is not None:
            single.append(self._structure(rows))
        bags = []
        for tokens, projected in zip((self.image, self.text), codes, strict=True):
            if tokens is not None and projected is not None:
                bags.append(Bag(tokens.table(projected), *tokens.chosen(rows)))
        attended = pool_codes(layer.self_attn, self.entity_token, single, bags)
        return layer.finish(self.entity_token, attended)

    def _structure(self, rows: Tensor | None) -> Tensor:
        """Return the structure tokens (R, D) of the entities `rows` (R,)."""
        assert self.structure is not None
        weight = self.structure.weight if rows is None else self.structure(rows)
        return self.structure_dropout(self.structure_norm(weight)) + self.structure_offset

    def _sequence(
        self, codes: ProjectedCodes, rows: Tensor | None
    ) -> tuple[Tensor, Tensor, slice, slice]:
        """Return the input sequences (R, L, D), their mask (R, L), image and text places."""
        count = self.num_entities if rows is None else len(rows)
        parts = [self.entity_token.expand(count, 1, -1)]
        if self.structure is not None:
            parts.append(self._structure(rows)[:, None])
        length = len(parts)
        masks = [torch.ones(count, length, dtype=torch.bool, device=self.entity_token.device)]
        places = []
        for tokens, projected in zip((self.image, self.text), codes, strict=True):
            start = length
            if tokens is not None:
                part, mask = tokens(rows, projected)
                parts.append(part)
                masks.append(mask)
                length += part.shape[1]
            places.append(slice(start, length))
        return torch.cat(parts, 1), torch.cat(masks, 1), places[0], places[1]
