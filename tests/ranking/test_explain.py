"""What an answer rests on, against models that never had what is masked."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
import torch
from tiny_training import ENTITIES, tiny_graph, tiny_settings, tiny_table

from mygo_cli.device import seed_everything
from mygo_cli.model.queries import Queries
from mygo_cli.ranking.explain import Masked, explain, read_without, without_each
from mygo_cli.ranking.scorer import encoded
from mygo_cli.ranking.scorer import without as less
from mygo_cli.runs.assemble import build_model

EVERYONE = torch.ones(ENTITIES, dtype=torch.bool)


def small_model(layers=1, tables=None, expert_dim=0, **options):
    seed_everything(3)
    settings = tiny_settings(
        model={"entity_layers": layers, "expert_dim": expert_dim, **options},
    )
    return build_model(settings, tiny_graph(), *(tables or (tiny_table(1), tiny_table(2)))).eval()


def asked(entity, relation=1, head=False):
    return Queries(torch.tensor([entity]), torch.tensor([relation]), torch.tensor([head]))


def explained(model, query, answer, rivals=EVERYONE, places=MappingProxyType({})):
    return explain(encoded(model), query, answer, rivals, places)


def masked_of(model, row, places=MappingProxyType({})):
    return [masked for masked, *_ in without_each(model, row, places)]


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


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("expert_dim", [0, 8])
def test_each_effect_has_the_attention_of_what_is_masked(layers, expert_dim):
    model = small_model(layers, expert_dim=expert_dim)
    found = explained(model, asked(3), 7)
    with torch.no_grad():
        every = model.entity_encoder.attention(model.read())
    for effect in found.effects:
        part, place = effect.masked
        if part == "structure":
            expected = every.structure[effect.row]
        else:
            own = (every.image if part == "image" else every.text)[effect.row]
            expected = own.sum() if place is None else own[place]
        assert effect.attention == pytest.approx(float(expected), abs=1e-6)
        assert 0 < effect.attention < 1


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
    masked = masked_of(model, 4)
    assert len(masked) == 1 + sum(number + 1 for number in kept if number)
    assert masked[0] == Masked("structure", None)
    assert Masked("structure", None) not in masked_of(small_model(structure=False), 4)


def test_an_entity_of_which_nothing_is_read():
    model = small_model(structure=False)
    for part in (model.entity_encoder.image, model.entity_encoder.text):
        part.mask[5] = False
    assert masked_of(model, 5) == []
    found = explained(model, asked(5), 7)
    assert {effect.row for effect in found.effects} == {7}


def distinct_table(seed):
    """Return tokens of which no entity has one twice, each a code of someone else's too."""
    table = tiny_table(seed)
    ids = (np.arange(ENTITIES)[:, None] + np.arange(table.ids.shape[1])) % len(table.codes)
    return replace(table, ids=np.where(table.mask, ids, 0))


@pytest.mark.parametrize("row", [3, 7])
def test_experts_lose_what_the_joint_model_loses(row):
    """As a model of the same parameters whose token tables never had it."""
    tables = distinct_table(1), distinct_table(2)
    model = small_model(tables=tables, expert_dim=8)
    torch.nn.init.normal_(model.experts.weights)
    places = {
        (row, name): np.argsort(np.argsort(table.ids[row][table.mask[row]])).tolist()
        for name, table in zip(("image", "text"), tables, strict=True)
    }
    found = explained(model, asked(3), 7, places=places)
    tokens = [each for each in found.effects if each.row == row and each.masked.part != "structure"]
    assert len(tokens) == sum(n + 1 for table in tables if (n := int(table.mask[row].sum())))
    for effect in tokens:
        less = [replace(table, mask=table.mask.copy()) for table in tables]
        mask = less[0 if effect.masked.part == "image" else 1].mask
        mask[row, slice(None) if effect.masked.place is None else effect.masked.place] = False
        other = small_model(tables=less, expert_dim=8)
        own = dict(model.named_parameters()) | {"experts.weights": model.experts.weights}
        other.load_state_dict(own, strict=False)
        assert effect.score == pytest.approx(float(encoded(other)(asked(3))[0, 7]), abs=1e-4)


def test_without_places_the_tokens_of_experts_are_masked_all_at_once():
    model = small_model(expert_dim=8)
    assert all(masked.place is None for masked in masked_of(model, 4))


@pytest.mark.parametrize("part", ["structure", "image", "text"])
def test_a_part_of_all_is_that_of_each(part):
    model = small_model(expert_dim=8)
    torch.nn.init.normal_(model.experts.weights)
    scorer = encoded(model)
    each = scorer.copied()
    with torch.no_grad():
        for row in range(ENTITIES):
            each.put(row, *read_without(model, row, [Masked(part, None)], {}))
    query = asked(3)
    assert torch.allclose(less(scorer, part)(query), each(query), atol=1e-5)
    assert not torch.allclose(less(scorer, part)(query), scorer(query), atol=1e-3)
