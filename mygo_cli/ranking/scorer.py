"""A model as what answers questions: every entity is encoded once, however many are asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from mygo_cli.device import keep_freed_memory
from mygo_cli.distributed.group import ALONE, Processes
from mygo_cli.errors import at_least_one
from mygo_cli.model.experts import ExpertVectors
from mygo_cli.model.mygo import MyGO
from mygo_cli.model.queries import Queries

SCORE_BYTES = 1 << 28  # at most this much for the scores of a block
MOST_AT_ONCE = 512  # questions; more are not faster, and Ctrl-C waits for a block
Part = Literal["structure", "image", "text"]
Modality = Literal["image", "text"]


@dataclass(frozen=True)
class Scorer:
    """A model with the vectors of all `entities` (N, D) and `relations` (M, D), on its device.

    Its token experts read all entities when the first question is asked.
    """

    model: MyGO
    entities: Tensor
    relations: Tensor

    @property
    def device(self) -> torch.device:
        """Return where the model is."""
        return self.entities.device

    def has_tokens(self, modality: Modality) -> Tensor | None:
        """Return which entities the model read tokens of, bool (N,); None if it read none."""
        return self.model.has_tokens(modality)

    @cached_property
    def expert_vectors(self) -> list[ExpertVectors]:
        """What each modality's experts know of all entities; empty without experts."""
        with torch.no_grad():
            return [] if self.model.experts is None else self.model.experts.vectors()

    def __call__(self, queries: Queries) -> Tensor:
        """Return scores (B, N) of queries on any device, float32 whatever the precision."""
        moved = self._moved(queries)
        with torch.no_grad():
            joint = self._joint(moved)
            if self.model.experts is None:
                return joint
            return self.model.experts.fused(joint, moved, self.expert_vectors).float()

    def copied(self) -> Scorer:
        """Return a scorer with vectors of its own, which `put` may change."""
        copy = Scorer(self.model, self.entities.clone(), self.relations)
        vars(copy)["expert_vectors"] = [each.copied() for each in self.expert_vectors]
        return copy

    def with_more(self, vectors: Tensor, known: list[ExpertVectors]) -> Scorer:
        """Return a scorer that knows R entities more, in the rows behind all others.

        `vectors` (R, D), and what the experts of each modality know of them.
        """
        more = Scorer(self.model, torch.cat((self.entities, vectors)), self.relations)
        pairs = zip(self.expert_vectors, known, strict=True)
        vars(more)["expert_vectors"] = [own.followed_by(others) for own, others in pairs]
        return more

    def put(self, row: int, vector: Tensor, known: list[ExpertVectors]) -> None:
        """Let an entity have another vector (D,) from now on, and experts know this of it."""
        self.entities[row] = vector
        for table, new in zip(self.expert_vectors, known, strict=True):
            table.put(row, new)

    def opinions(self, queries: Queries) -> Tensor:
        """Return the scores (B, 1 + E, N) of the joint model and of each token expert."""
        moved = self._moved(queries)
        with torch.no_grad():
            joint = self._joint(moved)[:, None]
            if self.model.experts is None:
                return joint
            experts = self.model.experts.opinions(moved, self.expert_vectors).float()
            return torch.cat((joint, experts), 1)

    def _moved(self, queries: Queries) -> Queries:
        return Queries(*(part.to(self.device) for part in queries))

    def _joint(self, moved: Queries) -> Tensor:
        return self.model.scores(moved, self.entities, self.relations).float()


@dataclass(frozen=True)
class MeanScorer:
    """Models of the same entities and relations, on one device, as one: the mean of their scores.

    Each has learned scores whose softmax is to give the answer, so that they compare as they are.
    """

    members: tuple[Scorer, ...]

    @property
    def device(self) -> torch.device:
        """Return where the models are."""
        return self.members[0].device

    def __call__(self, queries: Queries) -> Tensor:
        """Return scores (B, N) of queries on any device, float32."""
        first, *others = self.members
        total = first(queries)
        for each in others:
            total = total + each(queries)  # a decoder may have kept what it returned
        return total / len(self.members)

    def has_tokens(self, modality: Modality) -> Tensor | None:
        """Return which entities any model read tokens of, bool (N,); None if none read any."""
        each = (member.has_tokens(modality) for member in self.members)
        read = [seen for seen in each if seen is not None]
        return torch.stack(read).any(0) if read else None


AnyScorer = Scorer | MeanScorer


def encoded(model: MyGO, processes: Processes = ALONE) -> Scorer:
    """Return the model in evaluation mode, with all entities and relations encoded.

    Several `processes` share out the entities.
    """
    keep_freed_memory()  # each batch of questions takes as much as the last
    model.eval()
    count = model.entity_encoder.num_entities
    with torch.no_grad():
        own = model.entity_vectors(processes.part(count))
        return Scorer(model, processes.gather(own, count), model.relation_vectors())


def without(scorer: Scorer, part: Part) -> Scorer:
    """Return what answers as the scorer would if no entity had that part: masked, not retrained."""
    model = scorer.model
    with torch.no_grad():
        blind = model.read().only({"structure", "image", "text"} - {part})
        less = Scorer(model, model.vectors_in_blocks(blind), scorer.relations)
        names = [] if model.experts is None else list(model.experts.named())
        known = zip(names, scorer.expert_vectors, strict=True)
        vars(less)["expert_vectors"] = [
            each.masked(tokens=name != part, structure=part != "structure") for name, each in known
        ]
    return less


def block_size(entities: int, asked: int | None = None) -> int:
    """Return how many questions to ask at once of a graph with so many entities.

    As many as `asked` for, None for what suits; raises `UsageError` for less than one.
    """
    if asked is not None:
        return at_least_one("batch_size", asked)
    return max(1, min(MOST_AT_ONCE, SCORE_BYTES // (4 * max(1, entities))))
