"""From the softmax probability of an answer to how often such an answer holds, and how well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from mygo_cli.device import Portion
from mygo_cli.graph.triples import Triples
from mygo_cli.model.queries import Queries, Questions, ask
from mygo_cli.ranking.filtering import Known, find_known, hide_asked, hide_known, loop_relations
from mygo_cli.ranking.ranks import check_finite

Values = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

ANSWERS = 10  # of each question, as many as mygo rank shows
MOST_QUESTIONS = 5000  # more would hardly move the curve
BINS = 10


class Judged(NamedTuple):
    """P answers in columns (P,): their `probability`, whether each `holds`, whether it is `first`.

    The probability is the softmax of the scores over the answers that were not known before.
    """

    probability: Values
    holds: Flags
    first: Flags


def judge(
    score: Callable[[Queries], Tensor], triples: Triples, known: Triples, batch_size: int
) -> Judged:
    """Return the best `ANSWERS` to each question of `triples` (T, 3), `known` (K, 3) left out.

    An answer holds where it makes one of `triples`. Of more than `MOST_QUESTIONS` questions so
    many are asked, evenly spread. Raises `MygoError` for a score that is not a finite number.
    """
    questions = ask(triples)
    if len(questions) > MOST_QUESTIONS:
        spread = torch.linspace(0, len(questions) - 1, MOST_QUESTIONS).long()
        questions = questions.reordered(spread)
    relations = 1 + max(int(facts[:, 1].max(initial=0)) for facts in (triples, known))
    loops = loop_relations(known, relations)
    held = find_known(questions.queries, known)
    portion = Portion(batch_size, "questions")
    parts = [Judged(np.zeros(0), np.zeros(0, bool), np.zeros(0, bool))]
    asked = 0
    while asked < len(questions):
        done, part = portion.attempt(partial(_judge, score, questions, held, loops, asked, portion))
        parts.append(part)
        asked = done
    return Judged(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _judge(
    score: Callable[[Queries], Tensor],
    questions: Questions,
    known: Known,
    loops: Tensor,
    first: int,
    portion: Portion,
) -> tuple[int, Judged]:
    """Return where the batch of questions from number `first` on ends, and its best answers."""
    rows = slice(first, min(first + portion.size, len(questions)))
    batch = questions.part(rows)
    scores = score(batch.queries).cpu().double()
    check_finite(scores)
    hide_asked(scores, batch.queries, loops)
    hide_known(scores, known.part(rows))
    best = scores.softmax(1).nan_to_num().topk(min(ANSWERS, scores.shape[1]))
    true = torch.zeros(scores.shape, dtype=torch.bool)
    true[batch.rows, batch.answers] = True
    place = torch.arange(best.indices.shape[1]).expand(best.indices.shape)
    allowed = scores.gather(1, best.indices) > -torch.inf
    columns = (best.values, true.gather(1, best.indices), place == 0)
    return rows.stop, Judged(*(column[allowed].numpy() for column in columns))


@dataclass(frozen=True)
class Calibration:
    """A rising curve through points: of answers with this `probability` that `share` holds.

    Raises `ValueError` for points that do not rise, and for shares outside 0 and 1.
    """

    probability: tuple[float, ...]
    share: tuple[float, ...]

    def __post_init__(self) -> None:
        for column in (self.probability, self.share):
            points = np.array(column, dtype=np.float64)
            if not len(points) == len(self.share) > 0 or not (np.diff(points) >= 0).all():
                raise ValueError("no rising curve")
        if not (np.isfinite(self.probability).all() and 0 <= self.share[0] <= self.share[-1] <= 1):
            raise ValueError("no shares")

    def __call__(self, probability: Values) -> Values:
        """Return how often answers of these probabilities hold, 0 to 1, same shape."""
        found: Values = np.interp(probability, self.probability, self.share)
        return found


def fit_calibration(judged: Judged) -> Calibration:
    """Return the isotonic regression of `holds` on `probability`; there must be an answer."""
    return _rising(judged.probability, judged.holds)


def fit_in_groups(
    said: Values, holds: Flags, size: int, weight: Values | None = None
) -> Calibration:
    """Return the isotonic regression of `holds` (P,) on `said` (P,), P > 0, by groups of `size`.

    Each counts as many times as its `weight` (P,) says, once where there are none. Groups are
    neighbours from the highest on, each at its mean: so no step of the curve rests on fewer
    rows, as the highest otherwise would.
    """
    order = np.argsort(-said, kind="stable")
    first = np.arange(0, len(said), size)
    each = np.ones(len(said)) if weight is None else weight
    count, said_all, held = (
        np.add.reduceat(column[order], first) for column in (each, each * said, each * holds)
    )
    return _rising(said_all / count, held / count, count)


def _rising(said: Values, holds: Values | Flags, weight: Values | None = None) -> Calibration:
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(y_min=0, y_max=1).fit(said, holds, sample_weight=weight)
    return Calibration(tuple(curve.X_thresholds_.tolist()), tuple(curve.y_thresholds_.tolist()))


@dataclass(frozen=True)
class Bin:
    """So many answers whose probabilities are alike: their mean, and the share that holds."""

    count: int
    said: float
    held: float


def reliability(said: Values, holds: Flags) -> list[Bin]:
    """Return probabilities (P,) in `BINS` bins of equal width, set against what held (P,)."""
    number = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    return [
        Bin(int((number == place).sum()), float(said[number == place].mean()), float(held.mean()))
        for place in range(BINS)
        if len(held := holds[number == place])
    ]


def calibration_error(bins: list[Bin]) -> float:
    """Return the expected calibration error: the mean over answers of |said - held| of their bin.

    (Naeini, Cooper and Hauskrecht 2015.) 0.0 of no bins.
    """
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.said - each.held) for each in bins) / max(1, total)
