"""Entities without tokens get vectors and gradients like everyone else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_models import both_tables, small_model, token_table

from mygo_cli.model.contrastive import contrastive_loss
from mygo_cli.model.link_loss import link_loss
from mygo_cli.model.mygo import MyGO
from mygo_cli.model.queries import Queries
from mygo_cli.settings.sections import ModelOptions
from mygo_cli.tokens.selection import TokenTable


def loss_of(model: MyGO) -> torch.Tensor:
    """Return both losses of one step."""
    reading = model.read()
    entities = model.vectors(reading)
    queries = Queries(
        torch.tensor([2, 3, 4, 0]), torch.tensor([0, 1, 2, 0]), torch.tensor([True, False] * 2)
    )
    scores = model.scores(queries, entities, model.relation_vectors())
    link = link_loss(scores, torch.arange(4), torch.tensor([4, 4, 1, 2]))
    return link + contrastive_loss(entities, model.views(reading), 0.5)


@pytest.mark.parametrize("layers", [1, 2])
def test_finite_vectors_and_gradients(layers):
    model = small_model(0, *both_tables(), entity_layers=layers, triple_layers=layers)
    model.train()
    assert torch.isfinite(model.entity_vectors()).all()
    loss = loss_of(model)
    loss.backward()
    assert torch.isfinite(loss)
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name
    structure = model.entity_encoder.structure.weight.grad
    assert (structure[[2, 3, 4]].abs().sum(1) > 0).all()


@pytest.mark.parametrize("structure", [True, False])
def test_nobody_has_a_token(structure):
    nothing = TokenTable(
        ids=np.zeros((9, 4), dtype=np.int64),
        mask=np.zeros((9, 4), dtype=bool),
        codes=np.zeros((1, 5), dtype=np.float32),
        vocabulary=np.array([-1]),
    )
    model = small_model(1, nothing, nothing, structure=structure)
    vectors = model.entity_vectors()
    assert torch.isfinite(vectors).all()
    loss_of(model).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all(), name
    if structure:
        alone = small_model(1, structure=True)
        state = {k: v for k, v in model.state_dict().items() if k in alone.state_dict()}
        alone.load_state_dict(state)
        torch.testing.assert_close(vectors, alone.entity_vectors())
    else:
        torch.testing.assert_close(vectors, vectors[:1].expand(9, -1))


def test_masked_tokens_have_no_influence():
    image, text = both_tables()
    expected = small_model(2, image, text).entity_vectors()
    ids = np.where(image.mask, image.ids, 6)  # another token behind the mask
    other = TokenTable(ids, image.mask, image.codes, image.vocabulary)
    torch.testing.assert_close(small_model(2, other, text).entity_vectors(), expected)


def test_token_embeddings_stay_frozen():
    model = small_model(3, token_table(9, 4, 7, 5, seed=1))
    names = {name for name, _ in model.named_parameters()}
    assert not [name for name in names if name.endswith((".codes", ".ids", ".mask"))]
    assert {"entity_encoder.image.codes", "entity_encoder.image.ids"} <= set(model.state_dict())


def test_something_must_be_left():
    options = ModelOptions(dim=8, heads=2, structure=False)
    with pytest.raises(ValueError, match="needs structure, image or text"):
        MyGO(9, 3, None, None, torch.nn.Identity(), options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": 10, "heads": 4}, "--dim 10 must be a multiple of --heads 4"),
        ({"dim": 0}, "--dim must be at least 1"),
        ({"heads": 0}, "--heads must be at least 1"),
        ({"feed_forward": 0}, "--feed-forward must be at least 1"),
        ({"triple_layers": 0}, "--triple-layers must be at least 1"),
        ({"dropout": 1.0}, r"--dropout must lie in \[0, 1\)"),
        ({"text_dropout": -0.1}, r"--text-dropout must lie in \[0, 1\)"),
        ({"image_dropout": float("nan")}, r"--image-dropout must lie in \[0, 1\)"),
    ],
)
def test_sizes_that_cannot_be_built(options, message):
    with pytest.raises(ValueError, match=message):
        ModelOptions(**options)
