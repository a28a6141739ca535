"""The contrastive loss against its formula, written as loops over entities and views."""

from __future__ import annotations

import math

import pytest
import torch
from small_models import both_tables, small_model, token_table

from mygo_cli.model.contrastive import contrastive_loss, entity_views
from mygo_cli.model.entity_encoder import EntityOutputs


def cosine(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a * b).sum() / ((a * a).sum().sqrt() * (b * b).sum().sqrt())


def mean_of(states, mask, places):
    """Return the mean of one entity's real tokens at `places`, None where it has none."""
    real = [states[place] for place in range(places.start, places.stop) if mask[place]]
    return sum(real) / len(real) if real else None


def literal_loss(anchors, outputs: EntityOutputs, temperature: float) -> torch.Tensor:
    """Return the mean of the views' InfoNCE losses, each the mean over those who have the view."""
    whole = slice(0, outputs.states.shape[1])
    terms = []
    for view in (slice(0, 1), whole, outputs.image, outputs.text):
        views = [mean_of(*one, view) for one in zip(outputs.states, outputs.mask, strict=True)]
        have = [place for place, vector in enumerate(views) if vector is not None]
        if len(have) < 2:
            continue
        loss = torch.zeros((), dtype=torch.float64)
        for i in have:
            rivals = [(cosine(anchors[i], views[j]) / temperature).exp() for j in have]
            loss -= ((cosine(anchors[i], views[i]) / temperature).exp() / sum(rivals)).log()
        terms.append(loss / len(have))
    return sum(terms) / len(terms)


def random_outputs(mask: torch.Tensor, seed: int) -> tuple[torch.Tensor, EntityOutputs]:
    """Return anchors and outputs: [ENT], structure, 3 image and 2 text places."""
    source = torch.Generator().manual_seed(seed)
    states = torch.randn(*mask.shape, 4, generator=source, dtype=torch.float64)
    anchors = torch.randn(len(mask), 4, generator=source, dtype=torch.float64)
    outputs = EntityOutputs(states.requires_grad_(), mask, slice(2, 5), slice(5, 7))
    return anchors.requires_grad_(), outputs


MASKS = {
    "everyone has all": [[1] * 7] * 5,
    "shorter rows": [[1, 1, 1, 0, 0, 1, 0], [1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 1, 1]],
    "some lack one or both": [
        [1, 1, 0, 0, 0, 1, 1],
        [1, 1, 1, 1, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0],
        [1, 1, 1, 1, 1, 1, 0],
        [1, 1, 1, 0, 0, 1, 0],
    ],
    "one image only, no text": [[1, 1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0]],
    "nobody has any": [[1, 1, 0, 0, 0, 0, 0]] * 4,
}


@pytest.mark.parametrize("temperature", [0.5, 0.07])
@pytest.mark.parametrize("case", MASKS)
def test_the_formula(case, temperature):
    anchors, outputs = random_outputs(torch.tensor(MASKS[case]).bool(), seed=3)
    inputs = (anchors, outputs.states)
    ours = contrastive_loss(anchors, entity_views(outputs), temperature)
    theirs = literal_loss(anchors, outputs, temperature)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    expected = torch.autograd.grad(theirs, inputs)
    for mine, other in zip(torch.autograd.grad(ours, inputs), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-12)


def test_masked_states_have_no_part():
    mask = torch.tensor(MASKS["some lack one or both"]).bool()
    anchors, outputs = random_outputs(mask, seed=4)
    loss = contrastive_loss(anchors, entity_views(outputs), 0.5)
    (gradient,) = torch.autograd.grad(loss, outputs.states)
    assert (gradient[~mask] == 0).all()
    assert (gradient[mask].abs().sum(1) > 0).all()


def test_views_that_match_their_entity_and_no_other():
    vectors = torch.eye(4, dtype=torch.float64)
    outputs = EntityOutputs(
        vectors[:, None].expand(4, 2, 4), torch.ones(4, 2).bool(), slice(2, 2), slice(2, 2)
    )
    loss = contrastive_loss(vectors, entity_views(outputs), 0.5)
    assert loss.item() == pytest.approx(math.log(math.e**2 + 3) - 2)


@pytest.mark.parametrize(
    "tables", [both_tables(), (both_tables()[0], None), (None, both_tables()[1]), (None, None)]
)
def test_in_the_model(tables):
    model = small_model(5, *tables)
    reading, rows = model.read(), torch.tensor([8, 4, 1, 2, 3])
    anchors = model.vectors(reading)[rows]
    outputs = model.entity_encoder.outputs(reading.part(rows))
    loss = contrastive_loss(anchors, model.views(reading.part(rows)), 0.5)
    torch.testing.assert_close(loss, literal_loss(anchors, outputs, 0.5))


def test_a_second_pass_has_its_own_dropout():
    image = token_table(9, 4, 7, 5, seed=1)
    model = small_model(6, image, dropout=0.3, structure_dropout=0.5)
    model.train()
    reading = model.read()
    first, second = (model.entity_encoder.outputs(reading).states for _ in range(2))
    assert not torch.equal(first, second)
