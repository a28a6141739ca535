"""Token experts: small models beside the joint one, so that structure cannot drown the tokens.

An entity's learned embedding can memorise its training facts, and where it stands beside tokens in
one vector, these get no gradient worth having. Here every modality answers alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from mygo_cli.model.queries import Queries
from mygo_cli.model.relation_maps import RelationMaps, relation_side
from mygo_cli.model.token_bag import TokenBag
from mygo_cli.tokens.bags import TokenBags

Kind = Literal["tokens to entity", "entity to tokens", "tokens to tokens"]
KINDS: tuple[Kind, ...] = ("tokens to entity", "entity to tokens", "tokens to tokens")


class ExpertVectors(NamedTuple):
    """What an expert knows of R entities: `known` (R,) bool says which have a token.

    `tokens` (R, D) is read from their tokens; `asking` and `answering` (R, D) are learned for each
    entity, as the known side of a question and as its answer, and None without structure.
    """

    known: Tensor
    tokens: Tensor
    asking: Tensor | None
    answering: Tensor | None

    def masked(self, tokens: bool, structure: bool) -> ExpertVectors:
        """Return what is known without the tokens, or the free vectors, unless they are kept."""
        asking, answering = (None if each is None else each * structure for each in self[2:])
        return ExpertVectors(self.known & tokens, self.tokens * tokens, asking, answering)

    def row(self, row: int) -> ExpertVectors:
        """Return the same of one entity, R = 1."""
        return self._each(lambda part: part[row : row + 1].clone())

    def copied(self) -> ExpertVectors:
        """Return a copy that `put` may change."""
        return self._each(Tensor.clone)

    def followed_by(self, other: ExpertVectors) -> ExpertVectors:
        """Return what is known of these entities, then of others."""
        pairs = zip(self[2:], other[2:], strict=True)
        free = (None if a is None or b is None else torch.cat((a, b)) for a, b in pairs)
        known, tokens = torch.cat((self.known, other.known)), torch.cat((self.tokens, other.tokens))
        return ExpertVectors(known, tokens, *free)

    def put(self, row: int, one: ExpertVectors) -> None:
        """Know something else of the entity in a row."""
        for part, new in zip(self, one, strict=True):
            if part is not None and new is not None:
                part[row] = new[0]

    def _each(self, change: Callable[[Tensor], Tensor]) -> ExpertVectors:
        asking, answering = (None if each is None else change(each) for each in self[2:])
        return ExpertVectors(change(self.known), change(self.tokens), asking, answering)


class FreeVectors(nn.Module):
    """Vectors that are learned for each entity, whatever its tokens: as asked and as answer."""

    def __init__(self, num_entities: int, dim: int) -> None:
        super().__init__()
        self.asking = nn.Embedding(num_entities, dim)
        self.answering = nn.Embedding(num_entities, dim)
        self.norm = nn.LayerNorm(dim)
        nn.init.normal_(self.asking.weight, std=0.1)
        nn.init.normal_(self.answering.weight, std=0.1)

    def forward(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return both vectors (R, D) of the entities `rows` (R,)."""
        return self.norm(self.asking(rows)), self.answering(rows)


class ModalityExperts(nn.Module):
    """Three bilinear scores of one modality, (v_known W_r,side) . v_candidate.

    The tokens of the known entity against a free vector of each candidate (an answer that is
    frequent: a hub), a free vector of the known entity against the candidates' tokens (an answer
    that is rare, but looks like others of its question), and tokens against tokens. Without
    `structure` there are no free vectors, and the last is all.
    """

    def __init__(
        self,
        bags: TokenBags,
        num_entities: int,
        num_relations: int,
        dim: int,
        dropout: float,
        structure: bool = True,
    ) -> None:
        super().__init__()
        self.kinds = KINDS if structure else KINDS[2:]
        self.bag = TokenBag(bags, dim, dropout)
        self.free: FreeVectors | None = FreeVectors(num_entities, dim) if structure else None
        self.maps = nn.ModuleList(RelationMaps(num_relations, dim) for _ in self.kinds)
        self.dim = dim
        self.scale = dim**-0.5

    def vectors(self, rows: Tensor) -> ExpertVectors:
        """Return what there is to know of the entities `rows` (R,)."""
        free = (None, None) if self.free is None else self.free(rows)
        return ExpertVectors(self.bag.known(rows), self.bag(rows), *free)

    def without(self, row: int, left: Tensor, structure: bool) -> ExpertVectors:
        """Return what there would be to know of one entity that had less.

        Only those of its P tokens that are `left` (P,) bool, and free vectors of zeros unless
        `structure` is.
        """
        rows = torch.tensor([row], device=left.device)
        free = (None, None) if self.free is None else self.free(rows)
        asking, answering = (None if each is None else each * structure for each in free)
        return ExpertVectors(left.any()[None], self.bag.without(row, left), asking, answering)

    def unseen(self, ids: Tensor, weights: Tensor) -> ExpertVectors:
        """Return what there is to know of an entity that has tokens, and no structure, R = 1.

        `ids` (P,) are rows of the codes that training knew, with `weights` (P,).
        """
        nothing = None if self.free is None else ids.new_zeros(1, self.dim, dtype=weights.dtype)
        known = torch.tensor([len(ids) > 0], device=ids.device)
        return ExpertVectors(known, self.bag.of(ids, weights), nothing, nothing)

    def factors(self, queries: Queries, vectors: ExpertVectors) -> list[tuple[Tensor, Tensor]]:
        """Return what makes the scores (B, R) of the candidates of `vectors`, for each of `kinds`.

        What is made of the known entities (B, D), and the candidates' vectors (R, D): a score is
        their inner product. The asked entities are among the candidates.
        """
        asked, side = queries.entity, relation_side(queries.relation, queries.predict_head)
        tokens = vectors.tokens[asked]
        *by_free, to_tokens = self.maps
        factors = [(to_tokens(tokens, side) * self.scale, vectors.tokens)]
        if vectors.asking is not None and vectors.answering is not None:
            to_entity, from_entity = by_free
            asking = from_entity(vectors.asking[asked], side)
            factors = [
                (to_entity(tokens, side), vectors.answering),
                (asking * self.scale, vectors.tokens),
                *factors,
            ]
        return factors

    def readable(self, asked: Tensor, candidates: Tensor, vectors: ExpertVectors) -> list[Tensor]:
        """Return for each kind whether the tokens that it reads are there, bool (P,).

        `asked` and `candidates` (P,) are places in `vectors`.
        """
        known, answer = vectors.known[asked], vectors.known[candidates]
        read: dict[Kind, Tensor] = {
            "tokens to entity": known,
            "entity to tokens": answer,
            "tokens to tokens": known & answer,
        }
        return [read[kind] for kind in self.kinds]
