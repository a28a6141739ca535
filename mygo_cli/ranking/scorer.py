"""A model as what answers questions: every entity is encoded once, however many are asked."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mygo_cli.distributed.group import ALONE, Processes
from mygo_cli.model.mygo import MyGO
from mygo_cli.model.queries import Queries

SCORE_BYTES = 1 << 28  # at most this much for the scores of a block
MOST_AT_ONCE = 512  # questions; more are not faster, and Ctrl-C waits for a block


@dataclass(frozen=True)
class Scorer:
    """A model with the vectors of all `entities` (N, D) and `relations` (M, D), on its device."""

    model: MyGO
    entities: Tensor
    relations: Tensor

    def __call__(self, queries: Queries) -> Tensor:
        """Return scores (B, N) of queries on any device, float32 whatever the precision."""
        moved = Queries(*(part.to(self.entities.device) for part in queries))
        with torch.no_grad():
            return self.model.scores(moved, self.entities, self.relations).float()


def encoded(model: MyGO, processes: Processes = ALONE) -> Scorer:
    """Return the model in evaluation mode, with all entities and relations encoded.

    Several `processes` share out the entities.
    """
    model.eval()
    count = model.entity_encoder.num_entities
    with torch.no_grad():
        own = model.entity_vectors(processes.part(count))
        return Scorer(model, processes.gather(own, count), model.relation_vectors())


def block_size(entities: int) -> int:
    """Return how many questions to ask at once of a graph with so many entities."""
    return max(1, min(MOST_AT_ONCE, SCORE_BYTES // (4 * max(1, entities))))
