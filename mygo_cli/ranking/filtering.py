"""What is known of a question, and who may answer it: known answers are no rivals of the truth."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mygo_cli.model.queries import Queries, Questions, Triples, ask, question_keys, row_places


@dataclass(frozen=True)
class FilteredQuestions:
    """Q questions and their K known answers in compressed rows, int64, on the CPU.

    Question i's known answers are `known[known_start[i]:known_start[i + 1]]`.
    """

    questions: Questions
    known_start: Tensor
    known: Tensor

    def known_of(self, rows: slice) -> tuple[Tensor, Tensor]:
        """Return the known answers of a range of questions, in compressed rows of their own."""
        return rows_of(self.known_start, self.known, rows)


def filter_questions(triples: Triples, known: Triples) -> FilteredQuestions:
    """Return both questions of each of `triples` (T, 3), equal ones once, with what is known.

    The rows of `known` (K, 3) are distinct.
    """
    questions = ask(triples)
    return FilteredQuestions(questions, *find_known(questions.queries(slice(None)), known))


def find_known(queries: Queries, known: Triples) -> tuple[Tensor, Tensor]:
    """Return the known answers of queries in compressed rows, both int64.

    Query i has `answers[start[i]:start[i + 1]]` among the distinct rows of `known` (K, 3).
    """
    pool = ask(known)
    start, places = row_places(*_rows_in(pool, queries))
    return start, pool.answers[places]


def rows_of(start: Tensor, entries: Tensor, rows: slice) -> tuple[Tensor, Tensor]:
    """Return a range of compressed rows as compressed rows of their own."""
    edges = start[rows.start : rows.stop + 1]
    return edges - edges[0], entries[edges[0] : edges[-1]]


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


def hide_answers(scores: Tensor, start: Tensor, answers: Tensor) -> None:
    """Give the answers of each row, compressed rows, the score -inf: `scores` (B, N) in place."""
    counts = start.diff()
    _hide(scores, torch.repeat_interleave(torch.arange(len(counts)), counts), answers)


def _hide(scores: Tensor, rows: Tensor, entities: Tensor) -> None:
    scores[rows.to(scores.device), entities.to(scores.device)] = -torch.inf
