"""MyGO: the entity encoder, the triple encoder and a decoder, joined (section 4)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from mygo_cli.dropout import Dropout
from mygo_cli.model.contrastive import contrastive_loss
from mygo_cli.model.entity_encoder import EntityEncoder, ProjectedCodes
from mygo_cli.model.options import ModelOptions
from mygo_cli.model.triple_encoder import TripleEncoder
from mygo_cli.tokens.selection import TokenTable


class Queries(NamedTuple):
    """Questions (h, r, ?) and (?, r, t): the known entity, the relation, the side asked for.

    `entity` (B,) and `relation` (B,) int64; `predict_head` (B,) bool.
    """

    entity: Tensor
    relation: Tensor
    predict_head: Tensor


class MyGO(nn.Module):
    """The model of the paper. `decoder` is any plugin module of the same width."""

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
        nn.init.xavier_uniform_(self.relation.weight)

    def project_codes(self) -> ProjectedCodes:
        """Return the projected token codes, which `entity_vectors` and `contrast` can share."""
        return self.entity_encoder.project()

    def entity_vectors(self, codes: ProjectedCodes | None = None) -> Tensor:
        """Return every entity's vector, (N, D)."""
        return self.entity_encoder(self.project_codes() if codes is None else codes)

    def relation_vectors(self) -> Tensor:
        """Return every relation's vector, (M, D)."""
        return self.relation_dropout(self.relation_norm(self.relation.weight))

    def scores(self, queries: Queries, entities: Tensor, relations: Tensor) -> Tensor:
        """Return each candidate's score, (B, N), given `entities` (N, D) and `relations` (M, D)."""
        context, relation = self.triple_encoder(
            entities[queries.entity], relations[queries.relation], queries.predict_head
        )
        return self.decoder(context, relation, entities)

    def contrast(
        self, codes: ProjectedCodes, entities: Tensor, rows: Tensor, temperature: float
    ) -> Tensor:
        """Return the contrastive loss of the entities `rows` (S,), given all vectors (N, D)."""
        outputs = self.entity_encoder.outputs(codes, rows)
        return contrastive_loss(entities[rows], outputs, temperature)


def link_loss(scores: Tensor, rows: Tensor, answers: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the cross-entropy over all entities, summed over answers (equations 9 and 10).

    `scores` (B, N); answer `answers[i]` belongs to query `rows[i]`, both (P,), so a query may
    have many answers. `smoothing` moves that share of the target to all entities evenly.
    """
    log_total = scores.logsumexp(1)
    truth = scores[rows, answers]
    if smoothing:
        truth = (1 - smoothing) * truth + smoothing * scores.mean(1)[rows]
    return (log_total[rows] - truth).sum()


def random_rows(count: int, sample: int, device: torch.device) -> Tensor:
    """Return `sample` distinct random numbers below `count`, all of them where it is smaller."""
    return torch.randperm(count, device=device)[:sample]
