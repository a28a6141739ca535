"""Token experts: small models beside the joint one, so that structure cannot drown the tokens.

An entity's learned embedding can memorise its training facts, and where it stands beside tokens in
one vector, these get no gradient worth having. Here every modality answers alone.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mygo_cli.model.queries import Queries
from mygo_cli.model.relation_maps import RelationMaps, relation_side
from mygo_cli.model.token_bag import TokenBag
from mygo_cli.tokens.bags import TokenBags

KINDS = ("tokens to entity", "entity to tokens", "tokens to tokens")
UNREAD = -1e4  # the score of a candidate without tokens while an expert learns: never the answer


class ExpertVectors(NamedTuple):
    """What an expert knows of R entities: `known` (R,) bool says which have a token.

    `tokens` (R, D) is read from their tokens; `asking` and `answering` (R, D) are learned for each
    entity, as the known side of a question and as its answer.
    """

    known: Tensor
    tokens: Tensor
    asking: Tensor
    answering: Tensor


class ModalityExperts(nn.Module):
    """Three bilinear scores of one modality, (v_known W_r,side) . v_candidate.

    The tokens of the known entity against a free vector of each candidate (an answer that is
    frequent: a hub), a free vector of the known entity against the candidates' tokens (an answer
    that is rare, but looks like others of its question), and tokens against tokens.
    """

    def __init__(
        self, bags: TokenBags, num_entities: int, num_relations: int, dim: int, dropout: float
    ) -> None:
        super().__init__()
        self.bag = TokenBag(bags, dim, dropout)
        self.asking = nn.Embedding(num_entities, dim)
        self.answering = nn.Embedding(num_entities, dim)
        self.asking_norm = nn.LayerNorm(dim)
        self.maps = nn.ModuleList(RelationMaps(num_relations, dim) for _ in KINDS)
        self.scale = dim**-0.5
        nn.init.normal_(self.asking.weight, std=0.1)
        nn.init.normal_(self.answering.weight, std=0.1)

    def vectors(self, rows: Tensor) -> ExpertVectors:
        """Return what there is to know of the entities `rows` (R,)."""
        asking = self.asking_norm(self.asking(rows))
        return ExpertVectors(self.bag.known(rows), self.bag(rows), asking, self.answering(rows))

    def scores(self, queries: Queries, vectors: ExpertVectors) -> Tensor:
        """Return the scores (3, B, R) of the candidates of `vectors`, which hold the asked ones."""
        asked, side = queries.entity, relation_side(queries.relation, queries.predict_head)
        tokens, asking = vectors.tokens[asked], vectors.asking[asked]
        to_entity, from_entity, to_tokens = self.maps
        return torch.stack(
            (
                F.linear(to_entity(tokens, side), vectors.answering),
                F.linear(from_entity(asking, side) * self.scale, vectors.tokens),
                F.linear(to_tokens(tokens, side) * self.scale, vectors.tokens),
            )
        )

    def readable(
        self, asked: Tensor, candidates: Tensor, vectors: ExpertVectors
    ) -> tuple[Tensor, ...]:
        """Return for each kind whether the tokens that it reads are there, bool (P,).

        `asked` and `candidates` (P,) are places in `vectors`.
        """
        known, answer = vectors.known[asked], vectors.known[candidates]
        return known, answer, known & answer
