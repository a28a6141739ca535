"""A model over a split: filtered ranking on both sides, in batches of distinct questions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial

import torch
from torch import Tensor

from mygo_cli.device import Portion
from mygo_cli.distributed.group import Processes
from mygo_cli.model.queries import Queries, Triples
from mygo_cli.ranking.filtering import FilteredQuestions, filter_questions
from mygo_cli.ranking.ranks import check_finite, count_known_rivals, count_rivals


@dataclass(frozen=True)
class Rivals:
    """For each of P asked answers: its triple's number, its side, its score and its rivals.

    `triple` int64, `predict_head` bool, `answer` int64 (the true entity), `score` float32,
    `better` and `ties` int64, all (P,), on the CPU.
    """

    triple: Tensor
    predict_head: Tensor
    answer: Tensor
    score: Tensor
    better: Tensor
    ties: Tensor


def evaluate(
    score: Callable[[Queries], Tensor],
    triples: Triples,
    known: Triples,
    batch_size: int = 512,
    advance: Callable[[int], None] = lambda done: None,
) -> Rivals:
    """Rank both sides of `triples` (T, 3), leaving out all other `known` (K, 3) answers.

    The rows of `known` are distinct. See `find_rivals`.
    """
    return find_rivals(score, filter_questions(triples, known), batch_size, advance)


def find_rivals(
    score: Callable[[Queries], Tensor],
    filtered: FilteredQuestions,
    batch_size: int = 512,
    advance: Callable[[int], None] = lambda done: None,
) -> Rivals:
    """Count the rivals of each answer to each question, `batch_size` questions at a time.

    Where memory runs out, half as many are asked at once, and a note says so. `score` gives scores
    (B, N) on any device. `advance` is told how many questions each batch held. Raises `MygoError`
    for a score that is not a finite number.
    """
    questions, portion = filtered.questions, Portion(batch_size, "questions")
    counted = [torch.zeros(2, 0, dtype=torch.long)]
    own = [torch.zeros(0)]
    first = 0
    while first < len(questions):
        last, rivals, scores = portion.attempt(partial(_count, score, filtered, first, portion))
        counted.append(rivals)
        own.append(scores)
        advance(last - first)
        first = last
    sides = torch.repeat_interleave(questions.predict_head, questions.start.diff())
    return Rivals(
        questions.triples, sides, questions.answers, torch.cat(own), *torch.cat(counted, 1)
    )


def _count(
    score: Callable[[Queries], Tensor], filtered: FilteredQuestions, first: int, portion: Portion
) -> tuple[int, Tensor, Tensor]:
    """Count the rivals of the answers to the questions from number `first` on.

    Returns where the batch ends, its rivals (2, P): better, ties, and its answers' scores (P,).
    """
    questions = filtered.questions
    batch = questions.batch(first, min(first + portion.size, len(questions)))
    scores = score(batch.queries)
    check_finite(scores)
    on = scores.device
    asked = scores, batch.rows.to(on), questions.answers[batch.places].to(on)
    start, known = filtered.known_of(batch.questions)
    known_rivals = torch.stack(count_known_rivals(*asked, start.to(on), known.to(on)))
    rivals = torch.stack(count_rivals(*asked)) - known_rivals
    return batch.questions.stop, rivals.cpu(), scores[asked[1], asked[2]].cpu()


def gather_rivals(processes: Processes, own: Rivals, first: int) -> Rivals:
    """Return the rivals that all processes counted, given those of this one's triples.

    Its triples are those from number `first` on.
    """
    if processes.alone:
        return own
    parts = processes.gather_objects(replace(own, triple=own.triple + first))
    return Rivals(
        *(torch.cat([getattr(rivals, field.name) for rivals in parts]) for field in fields(Rivals))
    )
