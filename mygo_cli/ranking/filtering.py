"""Questions with everything that is known of them: known answers are no rivals of the truth."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mygo_cli.ranking.queries import Questions, Triples, ask, question_keys, row_places


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
        start = self.known_start[rows.start : rows.stop + 1]
        return start - start[0], self.known[start[0] : start[-1]]


def filter_questions(triples: Triples, known: Triples) -> FilteredQuestions:
    """Return both questions of each of `triples` (T, 3), equal ones once, with what is known.

    The rows of `known` (K, 3) are distinct.
    """
    questions, pool = ask(triples), ask(known)
    first, count = _rows_in(pool, questions)
    start, places = row_places(first, count)
    return FilteredQuestions(questions, start, pool.answers[places])


def _rows_in(pool: Questions, questions: Questions) -> tuple[Tensor, Tensor]:
    """Return where each question's answers begin in `pool`, and how many there are, both (Q,)."""
    if not len(pool) or not len(questions):
        nothing = torch.zeros(len(questions), dtype=torch.long)
        return nothing, nothing
    entity = max(int(pool.entity.max()), int(questions.entity.max()))
    relation = max(int(pool.relation.max()), int(questions.relation.max()))
    bounds = torch.tensor([[entity, relation, 0]])
    pool_keys, order = question_keys(pool.entity, pool.relation, pool.predict_head, bounds).sort()
    keys = question_keys(questions.entity, questions.relation, questions.predict_head, bounds)
    place = torch.searchsorted(pool_keys, keys).clamp(max=len(pool_keys) - 1)
    row = order[place]
    found = pool_keys[place] == keys
    return pool.start[row] * found, pool.start.diff()[row] * found
