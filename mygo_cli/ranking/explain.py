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
    """Score and rank of the answer where the entity in `row` is read without `masked`.

    `attention` is the share of the entity encoder's attention that it had when it was read.
    """

    row: int
    masked: Masked
    score: float
    rank: int
    attention: float


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
            attention = attention_of(scorer.model, row)
            whole = table.entities[row].clone(), [each.row(row) for each in table.expert_vectors]
            for masked, vector, known in without_each(scorer.model, row, bag_places):
                table.put(row, vector, known)
                standing = _standing(table, query, answer, rivals)
                effects.append(Effect(row, masked, *standing, attention[masked]))
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
    reading = _reading_of(model, row)
    by_tokens = {part for entity, part in bag_places if entity == row}
    each = [
        masked
        for masked in _maskable(reading)
        if masked.place is None or model.experts is None or masked.part in by_tokens
    ]
    for masked, vector in zip(each, _vectors_without(model, reading, each), strict=True):
        yield masked, vector, _known_without(model, row, [masked], bag_places)


def read_without(
    model: MyGO, row: int, gone: Sequence[Masked], bag_places: BagPlaces
) -> tuple[Tensor, list[ExpertVectors]]:
    """Return what is known of an entity without several things: its vector (D,), and the experts'.

    See `without_each`.
    """
    reading = _reading_of(model, row)
    for masked in gone:
        reading = _less(reading, 0, masked)
    return model.vectors(reading)[0], _known_without(model, row, gone, bag_places)


def _reading_of(model: MyGO, row: int) -> Reading:
    return model.read(torch.tensor([row], device=model.relation.weight.device))


def attention_of(model: MyGO, row: int) -> dict[Masked, float]:
    """Return how much [ENT] attends to each thing that may be masked of an entity.

    Shares of the last layer of the entity encoder, mean over heads; a part has those of all its
    tokens. Token experts attend to nothing, and are not in it.
    """
    reading = _reading_of(model, row)
    found = model.entity_encoder.attention(reading)
    of_tokens = {"image": found.image[0].tolist(), "text": found.text[0].tolist()}
    shares = {}
    for part, place in _maskable(reading):
        if part == "structure":
            assert found.structure is not None
            shares[Masked(part, place)] = float(found.structure[0])
        else:
            own = of_tokens[part]
            shares[Masked(part, place)] = sum(own) if place is None else own[place]
    return shares


def _vectors_without(model: MyGO, reading: Reading, each: Sequence[Masked]) -> Tensor:
    """Return the vectors (K, D) of one entity, each without another thing, encoded together."""
    device = model.relation.weight.device
    copies = reading.part(torch.zeros(len(each), dtype=torch.long, device=device))
    for copy, masked in enumerate(each):
        if masked.part != "structure":
            copies = _less(copies, copy, masked)
    vectors = model.vectors(copies)
    for copy, masked in enumerate(each):
        if masked.part == "structure":
            vectors[copy] = model.vectors(_less(reading, 0, masked))[0]
    return vectors


def _known_without(
    model: MyGO, row: int, gone: Sequence[Masked], bag_places: BagPlaces
) -> list[ExpertVectors]:
    """Return what the experts of each modality know of an entity without several things."""
    known = []
    for part, each in ({} if model.experts is None else model.experts.named()).items():
        left = each.bag.every_token(row)
        for masked in gone:
            if masked.part == part:
                place = masked.place
                left[slice(None) if place is None else bag_places[row, part][place]] = False
        known.append(each.without(row, left, Masked("structure", None) not in gone))
    return known


def _maskable(reading: Reading) -> Iterator[Masked]:
    """Yield each part that one entity's reading has, and each of its tokens."""
    if reading.structure is not None:
        yield Masked("structure", None)
    for part in MODALITIES:
        tokens = reading.image if part == "image" else reading.text
        if tokens is not None and tokens.mask.any():
            yield from (Masked(part, place) for place in (None, *range(int(tokens.mask.sum()))))


def _less(reading: Reading, copy: int, masked: Masked) -> Reading:
    """Return a reading where one of its copies of an entity lacks a token, or a part.

    Structure is a part that all of them lack then.
    """
    if masked.part == "structure":
        return replace(reading, structure=None)
    tokens = reading.image if masked.part == "image" else reading.text
    assert tokens is not None
    mask = tokens.mask.clone()
    mask[copy, slice(None) if masked.place is None else masked.place] = False
    less = tokens._replace(mask=mask)
    return replace(reading, image=less) if masked.part == "image" else replace(reading, text=less)
