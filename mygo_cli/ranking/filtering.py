"""What is known of a question, and who may answer it: known answers are no rivals of the truth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mygo_cli.graph.triples import Triples
from mygo_cli.model.queries import Queries, Questions, ask, packed_part, question_keys, row_places


class Known(NamedTuple):
    """The known answers of Q queries in compressed rows, both int64, on the CPU.

    Query i has `answers[start[i]:start[i + 1]]`.
    """

    start: Tensor
    answers: Tensor

    def part(self, rows: slice) -> Known:
        """Return the known answers of a range of the queries."""
        return Known(*packed_part(self.start, self.answers, rows))


def find_known(queries: Queries, facts: Triples) -> Known:
    """Return the answers to queries among the distinct `facts` (K, 3)."""
    pool = ask(facts)
    start, places = row_places(*_rows_in(pool, queries))
    return Known(start, pool.answers[places])


def find_linked(queries: Queries, facts: Triples) -> Known:
    """Return the entities that any of `facts` (K, 3), either way, joins to that of each query."""
    entities = np.concatenate([facts[:, (0, 2)], facts[:, (2, 0)]])
    pairs = np.unique(entities, axis=0)
    links = np.insert(pairs, 1, 0, axis=1)  # as facts of one relation
    about = Queries(
        queries.entity, torch.zeros_like(queries.relation), torch.zeros_like(queries.predict_head)
    )
    return find_known(about, links)


def _rows_in(pool: Questions, queries: Queries) -> tuple[Tensor, Tensor]:
    """Return where each query's answers begin in `pool`, and how many there are, both (Q,)."""
    if not len(pool) or not len(queries.entity):
        nothing = torch.zeros(len(queries.entity), dtype=torch.long)
        return nothing, nothing
    entity = max(int(pool.entity.max()), int(queries.entity.max()))
    relation = max(int(pool.relation.max()), int(queries.relation.max()))
    bounds = torch.tensor([[entity, relation, 0]])
    pool_keys, order = question_keys(pool.entity, pool.relation, pool.predict_head, bounds).sort()
    keys = question_keys(*queries, bounds)
    place = torch.searchsorted(pool_keys, keys).clamp(max=len(pool_keys) - 1)
    row = order[place]
    found = pool_keys[place] == keys
    return pool.start[row] * found, pool.start.diff()[row] * found


def loop_relations(known: Triples, relations: int) -> Tensor:
    """Return which relations join an entity to itself in a fact of `known`, bool (M,)."""
    loops = torch.zeros(relations, dtype=torch.bool)
    loops[torch.from_numpy(known[known[:, 0] == known[:, 2], 1])] = True
    return loops


def hide_asked(scores: Tensor, queries: Queries, loops: Tensor) -> None:
    """Give the entity that each query asks about the score -inf, unless its relation has `loops`.

    `scores` (B, N) is changed in place.
    """
    rows = (~loops[queries.relation]).nonzero()[:, 0]
    _hide(scores, rows, queries.entity[rows])


def hide_known(scores: Tensor, known: Known) -> None:
    """Give the known answers of each row the score -inf: `scores` (B, N) in place."""
    counts = known.start.diff()
    _hide(scores, torch.repeat_interleave(torch.arange(len(counts)), counts), known.answers)


def _hide(scores: Tensor, rows: Tensor, entities: Tensor) -> None:
    scores[rows.to(scores.device), entities.to(scores.device)] = -torch.inf
