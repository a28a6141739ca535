"""A model over a split: filtered ranking on both sides, in batches of distinct questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from mygo_cli.model.mygo import MyGO, Queries
from mygo_cli.ranking.queries import Questions, Triples, ask, question_keys, row_places
from mygo_cli.ranking.ranks import check_finite, count_known_rivals, count_rivals

ROW_BYTES = 1 << 28  # at most this much for the comparison of truths with their rivals


@dataclass(frozen=True)
class Rivals:
    """For each of P asked answers: its triple's number, its side, and its rivals.

    `triple` int64, `predict_head` bool, `answer` int64 (the true entity), `better` and `ties`
    int64, all (P,), on the CPU.
    """

    triple: Tensor
    predict_head: Tensor
    answer: Tensor
    better: Tensor
    ties: Tensor


def score_with(model: MyGO) -> Callable[[Queries], Tensor]:
    """Return a function from queries to scores (B, N) that encodes all entities only once.

    Puts the model into evaluation mode. Scores are float32 whatever the training precision.
    """
    model.eval()
    with torch.no_grad():
        entities, relations = model.entity_vectors(), model.relation_vectors()

    def score(queries: Queries) -> Tensor:
        with torch.no_grad():
            return model.scores(queries, entities, relations).float()

    return score


def evaluate(
    score: Callable[[Queries], Tensor],
    triples: Triples,
    known: Triples,
    batch_size: int = 512,
    device: torch.device | str = "cpu",
    advance: Callable[[int], None] = lambda done: None,
) -> Rivals:
    """Rank both sides of `triples` (T, 3), leaving out all other `known` (K, 3) answers.

    The rows of `known` are distinct. `advance` is told how many questions each batch held. Raises
    `MygoError` for a score that is not a finite number.
    """
    questions = ask(triples)
    filters = _known_answers(questions, known)
    better, ties = [], []
    for batch in questions.batches(batch_size):
        scores = score(Queries(*(part.to(device) for part in batch.queries)))
        check_finite(scores)
        rows, truths = batch.rows.to(device), questions.answers[batch.places].to(device)
        start, answers = filters(batch.questions)
        known_better, known_ties = count_known_rivals(
            scores, rows, truths, start.to(device), answers.to(device)
        )
        for part in _row_blocks(len(rows), scores.shape[1]):
            all_better, all_ties = count_rivals(scores, rows[part], truths[part])
            better.append((all_better - known_better[part]).cpu())
            ties.append((all_ties - known_ties[part]).cpu())
        advance(batch.questions.stop - batch.questions.start)
    sides = torch.repeat_interleave(questions.predict_head, questions.start.diff())
    empty = torch.zeros(0, dtype=torch.long)
    return Rivals(
        questions.triples,
        sides,
        questions.answers,
        torch.cat([empty, *better]),
        torch.cat([empty, *ties]),
    )


def _row_blocks(rows: int, candidates: int) -> Iterator[slice]:
    """Yield slices of the answers so that their copies of score rows stay within `ROW_BYTES`."""
    block = max(1, ROW_BYTES // (4 * max(1, candidates)))
    for first in range(0, rows, block):
        yield slice(first, min(first + block, rows))


def _known_answers(
    questions: Questions, known: Triples
) -> Callable[[slice], tuple[Tensor, Tensor]]:
    """Return a function from a range of questions to their known answers in compressed rows."""
    pool = ask(known)
    if not len(pool) or not len(questions):
        return lambda rows: (
            torch.zeros(rows.stop - rows.start + 1, dtype=torch.long),
            torch.zeros(0, dtype=torch.long),
        )
    bounds = torch.tensor(
        [
            [
                max(int(pool.entity.max()), int(questions.entity.max())),
                max(int(pool.relation.max()), int(questions.relation.max())),
                0,
            ]
        ]
    )
    pool_keys, order = question_keys(pool.entity, pool.relation, pool.predict_head, bounds).sort()
    keys = question_keys(questions.entity, questions.relation, questions.predict_head, bounds)
    place = torch.searchsorted(pool_keys, keys).clamp(max=len(pool_keys) - 1)
    found = pool_keys[place] == keys
    row = order[place]
    first = torch.where(found, pool.start[row], 0)
    count = torch.where(found, pool.start[row + 1] - pool.start[row], 0)

    def answers(rows: slice) -> tuple[Tensor, Tensor]:
        start, places = row_places(first[rows], count[rows])
        return start, pool.answers[places]

    return answers
