"""What an answer rests on, against models that never had what is masked."""

from __future__ import annotations

import copy

import pytest
import torch
from tiny_training import ENTITIES, tiny_graph, tiny_settings, tiny_table

from mygo_cli.device import seed_everything
from mygo_cli.model.queries import Queries
from mygo_cli.ranking.explain import Masked, explain, without_each
from mygo_cli.runs.assemble import build_model

EVERYONE = torch.ones(ENTITIES, dtype=torch.bool)


def small_model(layers=1, **options):
    seed_everything(3)
    settings = tiny_settings(model={"entity_layers": layers, **options})
    return build_model(settings, tiny_graph(), tiny_table(1), tiny_table(2)).eval()


def asked(entity, relation=1, head=False):
    return Queries(torch.tensor([entity]), torch.tensor([relation]), torch.tensor([head]))


def explained(model, query, answer, rivals=EVERYONE):
    with torch.no_grad():
        vectors, relations = model.entity_vectors(), model.relation_vectors()
    return explain(model, vectors, relations, query, answer, rivals)


def without(model, row, masked):
    """Return the vectors of all entities where one of them never had what is masked."""
    less = copy.deepcopy(model)
    encoder = less.entity_encoder
    if masked.part == "structure":
        encoder.structure = None
    else:
        mask = (encoder.image if masked.part == "image" else encoder.text).mask
        mask[row, slice(None) if masked.place is None else masked.place] = False
    with torch.no_grad():
        vectors = model.entity_vectors()
        vectors[row] = less.entity_vectors()[row]
    return vectors


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("query", "answer"), [(asked(3), 7), (asked(4, 0, head=True), 6)])
def test_each_effect_is_that_of_an_entity_that_never_had_it(layers, query, answer):
    model = small_model(layers)
    found = explained(model, query, answer)
    rivals = EVERYONE.clone()
    rivals[answer] = False
    assert {effect.row for effect in found.effects} == {int(query.entity), answer}
    for effect in found.effects:
        with torch.no_grad():
            vectors = without(model, effect.row, effect.masked)
            scores = model.scores(query, vectors, model.relation_vectors())[0]
        assert effect.score == pytest.approx(float(scores[answer]), abs=1e-5)
        if effect.row == answer:
            rank = 1 + int((scores[rivals] > effect.score).sum())
            assert effect.rank == rank
    assert len({round(effect.score, 6) for effect in found.effects}) > 5


def test_the_rank_is_among_rivals():
    model, query = small_model(), asked(3)
    with torch.no_grad():
        scores = model.scores(query, model.entity_vectors(), model.relation_vectors())[0]
    order = scores.argsort(descending=True).tolist()
    assert explained(model, query, order[4]).rank == 5
    rivals = EVERYONE.clone()
    rivals[order[:3]] = False
    found = explained(model, query, order[4], rivals)
    assert found.rank == 2
    assert found.score == pytest.approx(float(scores[order[4]]))


def test_an_entity_that_answers_about_itself_loses_it_on_both_sides():
    model, query = small_model(), asked(3)
    found = explained(model, query, 3)
    for effect in found.effects:
        with torch.no_grad():
            vectors = without(model, 3, effect.masked)
            scores = model.scores(query, vectors, model.relation_vectors())[0]
        assert effect.score == pytest.approx(float(scores[3]), abs=1e-5)


def test_what_may_be_masked_is_what_there_is():
    model = small_model()
    kept = [
        int(part.mask[4].sum()) for part in (model.entity_encoder.image, model.entity_encoder.text)
    ]
    masked, vectors = without_each(model, 4)
    assert len(masked) == len(vectors) == 1 + sum(number + 1 for number in kept if number)
    assert masked[0] == Masked("structure", None)
    bare = small_model(structure=False)
    assert Masked("structure", None) not in without_each(bare, 4)[0]


def test_an_entity_of_which_nothing_is_read():
    model = small_model(structure=False)
    for part in (model.entity_encoder.image, model.entity_encoder.text):
        part.mask[5] = False
    assert without_each(model, 5)[0] == []
    found = explained(model, asked(5), 7)
    assert {effect.row for effect in found.effects} == {7}
