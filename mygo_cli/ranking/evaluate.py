"""A model over a split: filtered ranking on both sides, in batches of distinct questions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial

import torch
from torch import Tensor

from mygo_cli.device import Portion
from mygo_cli.distributed.group import Processes
from mygo_cli.graph.triples import Triples
from mygo_cli.model.queries import Queries, Questions, ask
from mygo_cli.progress import Progress, silent
from mygo_cli.ranking.filtering import Known, find_known
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
    facts: Triples,
    batch_size: int = 512,
    progress: Progress = silent,
) -> Rivals:
    """Rank both sides of `triples` (T, 3), leaving out all other answers among `facts` (K, 3).

    The rows of `facts` are distinct. See `find_rivals`.
    """
    questions = ask(triples)
    return find_rivals(score, questions, find_known(questions.queries, facts), batch_size, progress)


def find_rivals(
    score: Callable[[Queries], Tensor],
    questions: Questions,
    known: Known,
    batch_size: int = 512,
    progress: Progress = silent,
) -> Rivals:
    """Count the rivals of each answer to each question, `batch_size` questions at a time.

    `known` are all answers that the graph holds: they are no rivals. Where memory runs out, half as
    many are asked at once, and a warning says so. `score` gives scores (B, N) on any device. Raises
    `MygoError` for a score that is not a finite number.
    """
    portion = Portion(batch_size, "questions")
    counted = [torch.zeros(2, 0, dtype=torch.long)]
    own = [torch.zeros(0)]
    first = 0
    while first < len(questions):
        last, rivals, scores = portion.attempt(
            partial(_count, score, questions, known, first, portion)
        )
        counted.append(rivals)
        own.append(scores)
        first = last
        progress("rank", first, len(questions))
    sides = torch.repeat_interleave(questions.predict_head, questions.start.diff())
    return Rivals(
        questions.triples, sides, questions.answers, torch.cat(own), *torch.cat(counted, 1)
    )


def _count(
    score: Callable[[Queries], Tensor],
    questions: Questions,
    known: Known,
    first: int,
    portion: Portion,
) -> tuple[int, Tensor, Tensor]:
    """Count the rivals of the answers to the questions from number `first` on.

    Returns where the batch ends, its rivals (2, P): better, ties, and its answers' scores (P,).
    """
    batch = slice(first, min(first + portion.size, len(questions)))
    asked, held = questions.part(batch), known.part(batch)
    scores = score(asked.queries)
    check_finite(scores)
    on = scores.device
    rows, answers = asked.rows.to(on), asked.answers.to(on)
    held_rivals = count_known_rivals(scores, rows, answers, held.start.to(on), held.answers.to(on))
    rivals = torch.stack(count_rivals(scores, rows, answers)) - torch.stack(held_rivals)
    return batch.stop, rivals.cpu(), scores[rows, answers].cpu()


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
