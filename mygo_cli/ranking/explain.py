"""What an answer rests on: its score and rank again, with one thing after the other unread.

Exact, not estimated: an entity is encoded anew without the token or the structure embedding, as the
encoder reads an entity that never had it, and the question is asked again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from mygo_cli.model.entity_encoder import Reading
from mygo_cli.model.mygo import MyGO
from mygo_cli.model.queries import Queries
from mygo_cli.ranking.ranks import check_finite

Part = Literal["structure", "image", "text"]
MODALITIES: tuple[Literal["image", "text"], ...] = ("image", "text")


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
    model: MyGO,
    entities: Tensor,
    relations: Tensor,
    query: Queries,
    answer: int,
    rivals: Tensor,
) -> Explanation:
    """Return what the `answer` (a row) to one `query` rests on, of the joint model alone.

    `entities` (N, D) and `relations` (M, D) are their vectors, `rivals` (N,) bool says who else may
    answer. Ranks count from 1, equal scores do not count. What the asked entity loses changes the
    question, what the answer loses only the answer. Raises `MygoError` for a score that is not a
    finite number.
    """
    rivals = rivals.clone()
    rivals[answer] = False
    effects = []
    with torch.no_grad():
        scores = _scores(model, entities, relations, query)[0]
        for row in dict.fromkeys((int(query.entity[0]), answer)):
            masked, vectors = without_each(model, row)
            if not masked:
                continue
            again, own = _without(model, entities, relations, query, answer, row, vectors)
            ranks = 1 + (again[:, rivals] > own[:, None]).sum(1)
            columns = zip(masked, own.tolist(), ranks.tolist(), strict=True)
            effects += [Effect(row, *each) for each in columns]
    rank = 1 + int((scores[rivals] > scores[answer]).sum())
    return Explanation(float(scores[answer]), rank, effects)


def _without(
    model: MyGO,
    entities: Tensor,
    relations: Tensor,
    query: Queries,
    answer: int,
    row: int,
    vectors: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return the scores (V, N) of all, and of the answer (V,), where `row` has other `vectors`.

    They stand behind the entities' own (N, D): one call asks for all of them.
    """
    count = len(vectors)
    everyone = torch.cat((entities, vectors))
    own = len(entities) + torch.arange(count)
    asked = query.at(torch.zeros(count, dtype=torch.long))
    if row == int(query.entity[0]):
        asked = asked._replace(entity=own)
    scores = _scores(model, everyone, relations, asked)
    places = own if row == answer else torch.full_like(own, answer)
    return scores[:, : len(entities)], scores.gather(1, places.to(scores.device)[:, None])[:, 0]


def _scores(model: MyGO, entities: Tensor, relations: Tensor, queries: Queries) -> Tensor:
    moved = Queries(*(part.to(entities.device) for part in queries))
    scores = model.scores(moved, entities, relations).float()
    check_finite(scores)
    return scores


def without_each(model: MyGO, row: int) -> tuple[list[Masked], Tensor]:
    """Return what may be masked of an entity, and its vectors without each of them, (V, D).

    `model` is in evaluation mode. The whole part comes first, then each of its tokens.
    """
    reading = model.read(torch.tensor([row], device=model.relation.weight.device))
    pairs = list(_masked_readings(reading))
    vectors = [model.vectors(each) for _, each in pairs]
    nothing = model.entity_encoder.entity_token[:0]
    return [masked for masked, _ in pairs], torch.cat([nothing, *vectors])


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
