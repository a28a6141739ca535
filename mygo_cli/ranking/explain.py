"""What an answer rests on: its score and rank again, with one thing after the other unread.

Exact, not estimated: an entity is encoded anew without the token or the structure embedding, as the
encoder reads an entity that never had it, and the question is asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from mygo_cli.model.entity_encoder import Reading
from mygo_cli.model.experts import ExpertVectors
from mygo_cli.model.mygo import MyGO
from mygo_cli.model.queries import Queries
from mygo_cli.ranking.ranks import check_finite
from mygo_cli.ranking.scorer import Scorer

Part = Literal["structure", "image", "text"]
MODALITIES: tuple[Literal["image", "text"], ...] = ("image", "text")

# By entity (a row) and part: the places of its kept tokens among all the distinct ones of its bag.
BagPlaces = Mapping[tuple[int, str], Sequence[int]]


class Masked(NamedTuple):
    """What is not read of an entity: the token at a `place` among those kept, None for the part."""

    part: Part
    place: int | None


class Effect(NamedTuple):
    """Score and rank of the answer where the entity in `row` is read without `masked`."""

    row: int
    masked: Masked
    score: float
    rank: int


@dataclass(frozen=True)
class Explanation:
    """Score and rank of an answer, and what becomes of them without each thing that was read."""

    score: float
    rank: int
    effects: list[Effect]


def explain(
    scorer: Scorer, query: Queries, answer: int, rivals: Tensor, bag_places: BagPlaces
) -> Explanation:
    """Return what the `answer` (a row) to one `query` rests on.

    `rivals` (N,) bool says who else may answer. Ranks count from 1, equal scores do not count. What
    the asked entity loses changes the question, what the answer loses only the answer. Token
    experts read more tokens than are kept, and lose a kept one too: `bag_places` says where theirs
    is. Where it does not, single tokens are not masked. Raises `MygoError` for a score that is not
    a finite number.
    """
    rivals = rivals.clone()
    rivals[answer] = False
    table = scorer.copied()
    effects = []
    with torch.no_grad():
        score, rank = _standing(table, query, answer, rivals)
        for row in dict.fromkeys((int(query.entity[0]), answer)):
            whole = table.entities[row].clone(), [each.row(row) for each in table.expert_vectors]
            for masked, vector, known in without_each(scorer.model, row, bag_places):
                table.put(row, vector, known)
                effects.append(Effect(row, masked, *_standing(table, query, answer, rivals)))
            table.put(row, *whole)
    return Explanation(score, rank, effects)


def _standing(scorer: Scorer, query: Queries, answer: int, rivals: Tensor) -> tuple[float, int]:
    """Return the score and the rank of the answer."""
    scores = scorer(query)[0]
    check_finite(scores)
    return float(scores[answer]), 1 + int((scores[rivals] > scores[answer]).sum())


def without_each(
    model: MyGO, row: int, bag_places: BagPlaces
) -> Iterator[tuple[Masked, Tensor, list[ExpertVectors]]]:
    """Yield what may be masked of an entity, and what is known of it without.

    That is its vector (D,), and what the experts of each modality know. `model` is in evaluation
    mode. The whole part comes first, then each of its tokens.
    """
    experts = {} if model.experts is None else model.experts.named()
    reading = model.read(torch.tensor([row], device=model.relation.weight.device))
    for masked, less in _masked_readings(reading):
        if masked.place is not None and experts and (row, masked.part) not in bag_places:
            continue
        known = []
        for part, each in experts.items():
            left = each.bag.every_token(row)
            if masked.part == part:
                place = masked.place
                left[slice(None) if place is None else bag_places[row, part][place]] = False
            known.append(each.without(row, left, masked.part != "structure"))
        yield masked, model.vectors(less)[0], known


def _masked_readings(reading: Reading) -> Iterator[tuple[Masked, Reading]]:
    """Yield the reading of one entity without each part that it has, and without each token."""
    if reading.structure is not None:
        yield Masked("structure", None), replace(reading, structure=None)
    for part in MODALITIES:
        tokens = reading.image if part == "image" else reading.text
        if tokens is None or not tokens.mask.any():
            continue
        masks: list[tuple[int | None, Tensor]] = [(None, torch.zeros_like(tokens.mask))]
        for place in range(int(tokens.mask.sum())):
            mask = tokens.mask.clone()
            mask[0, place] = False
            masks.append((place, mask))
        for known_place, mask in masks:
            less = tokens._replace(mask=mask)
            without = (
                replace(reading, image=less) if part == "image" else replace(reading, text=less)
            )
            yield Masked(part, known_place), without
