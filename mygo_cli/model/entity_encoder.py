"""CMEE, the cross-modal entity encoder: fine-grained tokens to entity vectors (section 4.2.1)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mygo_cli.device import common_size
from mygo_cli.model.code_pool import Bag, pool_codes
from mygo_cli.model.dropout import Dropout
from mygo_cli.model.transformer import Encoder, EncoderLayer
from mygo_cli.settings.sections import ModelOptions
from mygo_cli.tokens.selection import TokenTable


class ReadTokens(NamedTuple):
    """The tokens of some entities in one modality.

    `projected` (K, D) are the codes they use, projected and normalised; `ids` (R, m) int64 are
    rows of it and `mask` (R, m) says which are real.
    """

    projected: Tensor
    ids: Tensor
    mask: Tensor

    def part(self, places: Tensor | slice) -> ReadTokens:
        """Return the tokens of the entities at `places` only."""
        return ReadTokens(self.projected, self.ids[places], self.mask[places])


@dataclass(frozen=True)
class Reading:
    """What the encoder reads of R entities before dropout, so that passes can share it.

    `structure` (R, D) is the normalised structure embedding, None without one.
    """

    count: int
    structure: Tensor | None
    image: ReadTokens | None
    text: ReadTokens | None

    def only(self, parts: Collection[str]) -> Reading:
        """Return the reading without what is not among `parts`: structure, image, text."""
        return Reading(
            self.count,
            self.structure if "structure" in parts else None,
            self.image if "image" in parts else None,
            self.text if "text" in parts else None,
        )

    def part(self, places: Tensor | slice) -> Reading:
        """Return the reading of the entities at `places` (S,) among these."""
        structure = None if self.structure is None else self.structure[places]
        image, text = (
            None if tokens is None else tokens.part(places) for tokens in (self.image, self.text)
        )
        count = len(range(self.count)[places]) if isinstance(places, slice) else len(places)
        return Reading(count, structure, image, text)


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

    def read(self, rows: Tensor | None) -> ReadTokens:
        """Return the tokens of the entities `rows` (R,), each distinct code projected once."""
        if rows is None:
            return ReadTokens(self._project(self.codes), self.ids, self.mask)
        ids, mask = self.ids[rows], self.mask[rows]
        if ids.device.type == "cpu":
            # Elsewhere one product over all codes costs less than waiting for the count of these.
            used, ids = torch.unique(ids, return_inverse=True)
            used = torch.cat((used, used[:1].expand(common_size(len(used)) - len(used))))
            return ReadTokens(self._project(self.codes[used]), ids, mask)
        return ReadTokens(self._project(self.codes), ids, mask)

    def read_table(self, table: TokenTable) -> ReadTokens:
        """Return the tokens of the entities of another table; its codes may be new ones."""
        on = self.offset.device
        ids, mask = torch.from_numpy(table.ids).to(on), torch.from_numpy(table.mask).to(on)
        return ReadTokens(self._project(torch.from_numpy(table.codes).to(on)), ids, mask)

    def _project(self, codes: Tensor) -> Tensor:
        projected: Tensor = self.norm(self.proj(codes))
        return projected

    def bag(self, tokens: ReadTokens) -> Bag:
        """Return the tokens as the encoder reads them, with one dropout mask a code."""
        table = self.dropout(tokens.projected) + self.offset
        return Bag(table, tokens.ids, tokens.mask)

    def forward(self, tokens: ReadTokens) -> Tensor:
        """Return the tokens as the encoder reads them, one by one, (R, m, D)."""
        if self.per_code:
            return F.embedding(tokens.ids, self.bag(tokens).table)
        return self.dropout(F.embedding(tokens.ids, tokens.projected)) + self.offset


@dataclass(frozen=True)
class EntityOutputs:
    """Every output of the encoder, for R entities and sequences of L tokens.

    `states` (R, L, D) and `mask` (R, L); `image` and `text` are the places of those tokens.
    """

    states: Tensor
    mask: Tensor
    image: slice
    text: slice


class Attention(NamedTuple):
    """The shares of [ENT]'s attention, which sum to 1 for each of R entities.

    `itself` (R,) is [ENT]'s own, `structure` (R,) None without a structure embedding; `image` and
    `text` (R, m) are those of the tokens, 0 for none, m = 0 for a modality that is not read.
    """

    itself: Tensor
    structure: Tensor | None
    image: Tensor
    text: Tensor


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

    def read(self, rows: Tensor | None = None) -> Reading:
        """Return what there is to read of the entities `rows` (R,), of all where None."""
        structure = None
        if self.structure is not None:
            weight = self.structure.weight if rows is None else self.structure(rows)
            structure = self.structure_norm(weight)
        return Reading(
            self.num_entities if rows is None else len(rows),
            structure,
            None if self.image is None else self.image.read(rows),
            None if self.text is None else self.text.read(rows),
        )

    def read_unseen(self, image: TokenTable | None, text: TokenTable | None) -> Reading:
        """Return what there is to read of an entity that has tokens, and no structure.

        Each table is of one entity; one of a modality that is not used is passed over.
        """
        tokens = (
            None if module is None or table is None else module.read_table(table)
            for module, table in ((self.image, image), (self.text, text))
        )
        return Reading(1, None, *tokens)

    def forward(self, reading: Reading) -> Tensor:
        """Return the vectors (R, D) of the entities of a reading."""
        if len(self.encoder.layers) == 1 and self._tokens_are_codes():
            return self._pooled(reading)
        x, mask, _, _ = self._sequence(reading)
        return self.encoder.first(x, mask, self.entity_token)

    def outputs(self, reading: Reading) -> EntityOutputs:
        """Return the outputs at every position, which contrastive learning needs."""
        x, mask, image, text = self._sequence(reading)
        return EntityOutputs(self.encoder(x, mask), mask, image, text)

    def attention(self, reading: Reading) -> Attention:
        """Return where [ENT] looks in the last layer, mean over heads.

        Of the whole sequence, not the pooled one: it is asked of few entities at a time.
        """
        x, mask, image, text = self._sequence(reading)
        shares = self.encoder.attention_of_first(x, mask)
        structure = None if reading.structure is None else shares[:, 1]
        return Attention(shares[:, 0], structure, shares[:, image], shares[:, text])

    def _tokens_are_codes(self) -> bool:
        """Say whether a token's input depends on its code alone, not on its entity."""
        parts = [part for part in (self.image, self.text) if part is not None]
        silent = not self.training or all(part.dropout.p == 0 for part in parts)
        return silent or all(part.per_code for part in parts)

    def _modalities(self, reading: Reading) -> Iterator[tuple[ModalityTokens, ReadTokens] | None]:
        """Yield image, then text: the module and what was read, None for one that is not used."""
        for module, tokens in ((self.image, reading.image), (self.text, reading.text)):
            yield None if module is None or tokens is None else (module, tokens)

    def _pooled(self, reading: Reading) -> Tensor:
        """Return what a single layer makes of [ENT], (R, D), without any token sequence.

        [ENT]'s query is one vector, so each code is scored once and its rows are summed by
        weight: the same numbers as `first` over the sequence, without a tensor (R, L, D).
        """
        layer = self.encoder.layers[0]
        assert isinstance(layer, EncoderLayer)
        single = [self.entity_token.expand(reading.count, -1), *self._structure(reading)]
        bags = [pair[0].bag(pair[1]) for pair in self._modalities(reading) if pair]
        attended = pool_codes(layer.self_attn, self.entity_token, single, bags)
        return layer.finish(self.entity_token, attended)

    def _structure(self, reading: Reading) -> list[Tensor]:
        """Return the structure tokens (R, D) as the encoder reads them, if there are any."""
        if reading.structure is None:
            return []
        return [self.structure_dropout(reading.structure) + self.structure_offset]

    def _sequence(self, reading: Reading) -> tuple[Tensor, Tensor, slice, slice]:
        """Return the input sequences (R, L, D), their mask (R, L), image and text places."""
        parts = [self.entity_token.expand(reading.count, 1, -1)]
        parts += [tokens[:, None] for tokens in self._structure(reading)]
        length = len(parts)
        device = self.entity_token.device
        masks = [torch.ones(reading.count, length, dtype=torch.bool, device=device)]
        places = []
        for pair in self._modalities(reading):
            start = length
            if pair:
                module, tokens = pair
                parts.append(module(tokens))
                masks.append(tokens.mask)
                length += tokens.ids.shape[1]
            places.append(slice(start, length))
        return torch.cat(parts, 1), torch.cat(masks, 1), places[0], places[1]
