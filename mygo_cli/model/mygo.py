"""MyGO: the entity encoder, the triple encoder and a decoder, joined (section 4)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from mygo_cli.model.contrastive import Views, entity_views
from mygo_cli.model.dropout import Dropout
from mygo_cli.model.entity_encoder import EntityEncoder, Reading
from mygo_cli.model.fusion import Experts
from mygo_cli.model.queries import Queries
from mygo_cli.model.triple_encoder import TripleEncoder
from mygo_cli.settings.sections import ModelOptions
from mygo_cli.tokens.selection import TokenTable

ENCODED_AT_ONCE = 8192  # entities: bounds the memory of an evaluation whatever their number


class MyGO(nn.Module):
    """The model of the paper, and token experts beside it unless their width is 0.

    `decoder` is any plugin module of the same width.
    """

    def __init__(
        self,
        num_entities: int,
        num_relations: int,
        image: TokenTable | None,
        text: TokenTable | None,
        decoder: nn.Module,
        options: ModelOptions,
    ) -> None:
        super().__init__()
        if not options.structure and image is None and text is None:
            raise ValueError("a model needs structure, image or text; all three are switched off.")
        self.entity_encoder = EntityEncoder(num_entities, image, text, options)
        self.relation = nn.Embedding(num_relations, options.dim)
        self.relation_norm = nn.LayerNorm(options.dim)
        self.relation_dropout = Dropout(options.structure_dropout)
        self.triple_encoder = TripleEncoder(options)
        self.decoder = decoder
        modalities = {"image": image, "text": text}
        tables = {name: table for name, table in modalities.items() if table is not None}
        self.experts: Experts | None = None
        if options.expert_dim and tables:
            bags = {name: table.all_tokens() for name, table in tables.items()}
            sizes = num_entities, num_relations, options.expert_dim
            self.experts = Experts(bags, *sizes, options.expert_dropout, options.structure)
        nn.init.xavier_uniform_(self.relation.weight)

    def read(self, rows: Tensor | None = None) -> Reading:
        """Return what there is to read of the entities `rows` (R,), of all where None."""
        return self.entity_encoder.read(rows)

    def vectors(self, reading: Reading) -> Tensor:
        """Return the vectors (R, D) of the entities of a reading."""
        return self.entity_encoder(reading)

    def entity_vectors(self, part: slice = slice(None)) -> Tensor:
        """Return the vectors (N, D) of all entities, or of a `part` of them."""
        return self.vectors_in_blocks(self.read().part(part))

    def vectors_in_blocks(self, reading: Reading) -> Tensor:
        """Return what `vectors` does, block by block, which bounds the memory of an evaluation."""
        blocks = [
            self.vectors(reading.part(slice(first, first + ENCODED_AT_ONCE)))
            for first in range(0, reading.count, ENCODED_AT_ONCE)
        ]
        return torch.cat(blocks) if blocks else self.entity_encoder.entity_token[:0]

    def entity_tables(self) -> list[nn.Embedding]:
        """Return the embeddings with a row for each entity: a step may touch a few rows only."""
        tables = [] if self.experts is None else self.experts.entity_tables()
        structure = self.entity_encoder.structure
        return tables if structure is None else [structure, *tables]

    def relation_vectors(self) -> Tensor:
        """Return every relation's vector, (M, D)."""
        return self.relation_dropout(self.relation_norm(self.relation.weight))

    def scores(self, queries: Queries, entities: Tensor, relations: Tensor) -> Tensor:
        """Return each candidate's joint score, (B, N).

        `entities` (N, D) and `relations` (M, D).
        """
        context, relation = self.triple_encoder(
            entities[queries.entity], relations[queries.relation], queries.predict_head
        )
        return self.decoder(context, relation, entities)

    def views(self, reading: Reading) -> Views:
        """Return the views that contrastive learning compares with the vectors of a reading."""
        return entity_views(self.entity_encoder.outputs(reading))

    def has_tokens(self, modality: Literal["image", "text"]) -> Tensor | None:
        """Return which entities have tokens that are read, bool (N,), on the CPU.

        None where the model reads none of that modality.
        """
        encoder = self.entity_encoder
        tokens = encoder.image if modality == "image" else encoder.text
        return None if tokens is None else tokens.mask.any(1).cpu()
