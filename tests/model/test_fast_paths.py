"""The encoders' short cuts against PyTorch's own transformer layers, values and gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from small_models import both_tables, small_model
from torch import Tensor, nn

from mygo_cli.model.entity_encoder import ModalityTokens
from mygo_cli.model.mygo import MyGO
from mygo_cli.model.transformer import Encoder
from mygo_cli.tokens.selection import TokenTable


def reference(encoder: Encoder) -> nn.TransformerEncoder:
    """Return PyTorch's encoder with the same parameters (the same objects, so that they share
    gradients)."""
    own = encoder.layers[0]
    dim, heads, hidden = (
        own.norm1.normalized_shape[0],
        own.self_attn.heads,
        own.linear1.out_features,
    )
    layer = nn.TransformerEncoderLayer(dim, heads, hidden, dropout=0.0, batch_first=True)
    theirs = nn.TransformerEncoder(layer, len(encoder.layers), enable_nested_tensor=False).double()
    for ours, copy in zip(encoder.layers, theirs.layers, strict=True):
        parameters = dict(ours.named_parameters())
        assert set(parameters) == {name for name, _ in copy.named_parameters()}
        for name, parameter in parameters.items():
            holder = copy.get_submodule(name.rpartition(".")[0])
            setattr(holder, name.rpartition(".")[2], parameter)
    return theirs


def literal_tokens(tokens: ModalityTokens) -> tuple[Tensor, Tensor]:
    """Return every entity's projected tokens, each projected for itself."""
    own = tokens.codes[tokens.ids]
    projected = F.layer_norm(
        own @ tokens.proj.weight.T + tokens.proj.bias,
        (tokens.norm.weight.shape[0],),
        tokens.norm.weight,
        tokens.norm.bias,
    )
    return projected + tokens.offset, tokens.mask


def literal_sequences(model: MyGO) -> tuple[Tensor, Tensor]:
    """Return [ENT], structure, image and text tokens (N, L, D) and what is real (N, L)."""
    encoder = model.entity_encoder
    count = encoder.num_entities
    parts, masks = [encoder.entity_token.expand(count, 1, -1)], [torch.ones(count, 1).bool()]
    if encoder.structure is not None:
        structure = encoder.structure_norm(encoder.structure.weight) + encoder.structure_offset
        parts.append(structure[:, None])
        masks.append(torch.ones(count, 1).bool())
    for tokens in (encoder.image, encoder.text):
        if tokens is not None:
            part, mask = literal_tokens(tokens)
            parts.append(part)
            masks.append(mask)
    return torch.cat(parts, 1), torch.cat(masks, 1)


def agree(ours: Tensor, theirs: Tensor, model: MyGO) -> None:
    """Assert equal values, and equal gradients of a random weighting of them."""
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-10)
    weight = torch.randn(ours.shape, dtype=torch.float64)
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    parameters = [parameter for _, parameter in named]
    found = torch.autograd.grad(
        (ours * weight).sum(), parameters, retain_graph=True, allow_unused=True
    )
    expected = torch.autograd.grad((theirs * weight).sum(), parameters, allow_unused=True)
    reached = 0
    for (name, parameter), mine, other in zip(named, found, expected, strict=True):
        zero = torch.zeros_like(parameter)
        mine, other = zero if mine is None else mine, zero if other is None else other
        torch.testing.assert_close(mine, other, rtol=1e-8, atol=1e-10, msg=name)
        reached += bool(other.abs().max() > 1e-6)
    assert reached > 10


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("structure", [True, False])
def test_entity_vectors(layers, structure):
    model = small_model(0, *both_tables(), entity_layers=layers, structure=structure)
    x, mask = literal_sequences(model)
    outputs = reference(model.entity_encoder.encoder)(x, src_key_padding_mask=~mask)
    agree(model.entity_vectors(), outputs[:, 0], model)


@pytest.mark.parametrize("layers", [1, 2])
def test_first_output_of_sequences(layers):
    model = small_model(7, *both_tables(), entity_layers=layers)
    own = model.entity_encoder
    x, mask = literal_sequences(model)
    outputs = reference(own.encoder)(x, src_key_padding_mask=~mask)
    agree(own.encoder.first(x, mask, own.entity_token), outputs[:, 0], model)


@pytest.mark.parametrize("layers", [1, 2])
def test_every_output(layers):
    model = small_model(1, *both_tables(), entity_layers=layers)
    rows = torch.tensor([4, 0, 3, 8])
    x, mask = literal_sequences(model)
    theirs = reference(model.entity_encoder.encoder)(x[rows], src_key_padding_mask=~mask[rows])
    found = model.entity_encoder.outputs(model.read(rows))
    assert torch.equal(found.mask, mask[rows])
    assert (found.image, found.text) == (slice(2, 6), slice(6, 9))
    agree(found.states, theirs, model)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("structure", [True, False])
def test_attention_of_the_entity_token(layers, structure):
    model = small_model(5, *both_tables(), entity_layers=layers, structure=structure).eval()
    encoder = model.entity_encoder
    x, mask = literal_sequences(model)
    theirs = reference(encoder.encoder)
    for layer in theirs.layers[:-1]:
        x = layer(x, src_key_padding_mask=~mask)
    _, weights = theirs.layers[-1].self_attn(x, x, x, key_padding_mask=~mask)
    found = encoder.attention(model.read())
    assert (found.structure is not None) == structure
    singles = [part[:, None] for part in (found.itself, found.structure) if part is not None]
    whole = torch.cat((*singles, found.image, found.text), 1)
    torch.testing.assert_close(whole, weights[:, 0], rtol=1e-9, atol=1e-10)
    assert whole[~mask].eq(0).all()
    assert whole[mask].gt(0).all()


def test_attention_without_a_modality():
    image, _ = both_tables()
    model = small_model(5, image, None)
    found = model.entity_encoder.attention(model.read(torch.tensor([0, 2])))
    assert found.text.shape == (2, 0)
    assert found.image[1].eq(0).all()  # it has no picture
    assert found.structure is not None
    torch.testing.assert_close(
        found.itself + found.structure + found.image.sum(1), torch.ones(2).double()
    )


@pytest.mark.parametrize("layers", [1, 2])
def test_vectors_of_some_entities_are_those_of_all(layers):
    model = small_model(2, *both_tables(), entity_layers=layers)
    rows = torch.tensor([7, 2, 2, 4])
    some = model.vectors(model.read(rows))
    torch.testing.assert_close(some, model.entity_vectors()[rows])


@pytest.mark.parametrize("layers", [1, 2])
def test_triple_encoder(layers):
    model = small_model(3, *both_tables(), triple_layers=layers)
    own = model.triple_encoder
    entity, relation = torch.randn(2, 6, 8, dtype=torch.float64)
    predict_head = torch.tensor([True, False, False, True, True, False])
    sequences, place = [], []
    for e, r, head_missing in zip(entity, relation, predict_head, strict=True):
        head, tail = (own.context_token, e) if head_missing else (e, own.context_token)
        sequences.append(torch.stack((head, r, tail)) + own.places)
        place.append(0 if head_missing else 2)
    outputs = reference(own.encoder)(torch.stack(sequences))
    expected = torch.stack((outputs[range(6), place], outputs[:, 1]))
    agree(torch.stack(own(entity, relation, predict_head)), expected, model)


def test_a_code_is_projected_once_however_many_read_it():
    model = small_model(4, *both_tables())
    seen = []
    for tokens in (model.entity_encoder.image, model.entity_encoder.text):
        tokens.proj.register_forward_hook(lambda _, inputs, out: seen.append(len(inputs[0])))
    reading = model.read()
    model.vectors(reading)
    model.views(reading.part(torch.arange(5)))
    assert seen == [7, 11]


def twins_model(token_dropout):
    """Return a model without structure in which all entities have the same two tokens."""
    codes = np.random.default_rng(0).standard_normal((2, 5)).astype(np.float32)
    ids, mask = np.tile([0, 1], (9, 1)), np.ones((9, 2), dtype=bool)
    table = TokenTable(ids, mask, codes, np.arange(2))
    return small_model(
        5, table, structure=False, image_dropout=0.5, token_dropout=token_dropout
    ).train()


@pytest.mark.parametrize("token_dropout", ["code", "token"])
def test_dropout_of_each_code_or_of_each_token(token_dropout):
    model = twins_model(token_dropout)
    vectors = model.entity_vectors()
    shared = token_dropout == "code"
    assert torch.allclose(vectors[1:], vectors[:1].expand(8, -1)) is shared
    assert not torch.allclose(vectors, model.entity_vectors())  # drawn anew each time
    states = model.entity_encoder.outputs(model.read()).states
    assert torch.allclose(states[1:], states[:1].expand(8, -1, -1)) is shared
    model.eval()
    assert torch.allclose(model.entity_vectors()[1:], model.entity_vectors()[:1].expand(8, -1))
