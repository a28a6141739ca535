"""TuckER's two ways to contract its core, held to the sum that defines it."""

from __future__ import annotations

import pytest
import torch

from mygo_plugins.decoder import core_product
from mygo_plugins.decoder.core_product import CoreProduct
from mygo_plugins.decoder.tucker import TuckER, TuckEROptions

DIM = 6


def numbers(count: int) -> list[torch.Tensor]:
    """Return a query and a relation (B, D), and a core, in float64."""
    torch.manual_seed(count)
    shapes = (count, DIM), (count, DIM), (DIM, DIM, DIM)
    return [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


@pytest.mark.parametrize("together", [1, 4, 6], ids="dimensions at once: {}".format)
@pytest.mark.parametrize("count", [1, 5])
def test_core_product_and_its_gradients(monkeypatch, count, together):
    query, relation, core = numbers(count)
    monkeypatch.setattr(core_product, "BLOCK_BYTES", together * query.nbytes)
    expected = torch.einsum("bi,bj,ijk->bk", relation, query, core)
    torch.testing.assert_close(CoreProduct.apply(query, relation, core), expected)
    assert torch.autograd.gradcheck(CoreProduct.apply, (query, relation, core))


def test_core_product_of_no_rows():
    query, relation, core = numbers(0)
    result = CoreProduct.apply(query, relation, core)
    assert result.shape == (0, DIM)
    result.sum().backward()
    assert core.grad is not None
    assert not core.grad.any()


def test_core_product_adds_up_in_float32(monkeypatch):
    exact = [x.detach() for x in numbers(9)]
    halves = [x.bfloat16() for x in exact]
    monkeypatch.setattr(core_product, "BLOCK_BYTES", halves[0].nbytes)
    found = CoreProduct.apply(*halves)
    expected = CoreProduct.apply(*(x.double() for x in halves))
    assert found.dtype == torch.bfloat16
    assert (found.double() - expected).norm() < 0.01 * expected.norm()


def test_bf16_stays_near_float32():
    torch.manual_seed(2)
    decoder = TuckER(DIM, TuckEROptions(0.0, 0.0, 0.0, 0.0)).train()
    query, relation, entities = (torch.randn(9, DIM, requires_grad=True) for _ in range(3))
    found = []
    for enabled in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            scores = decoder(query, relation, entities)
        assert scores.dtype == (torch.bfloat16 if enabled else torch.float32)
        wanted = (query, relation, decoder.core)
        found.append([scores.float(), *torch.autograd.grad(scores.float().square().sum(), wanted)])
    for exact, half in zip(*found, strict=True):
        assert half.dtype == torch.float32
        assert (half - exact).norm() < 0.05 * exact.norm()


def test_matrix_dropout_is_the_same_in_the_backward_pass():
    """Matrices are made again for the gradients: with other masks these would be wrong."""
    decoder = TuckER(DIM, TuckEROptions(0.0, 0.0, 0.4, 0.0, chunk=3)).double().train()
    query, relation, core = numbers(7)
    decoder.core = torch.nn.Parameter(core.detach())

    def contract(query: torch.Tensor, relation: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(3)
        mixed: torch.Tensor = decoder._contract(query, relation)
        return mixed

    assert torch.autograd.gradcheck(contract, (query, relation))
    assert not torch.allclose(
        contract(query, relation), CoreProduct.apply(query, relation, decoder.core)
    )


def test_matrix_dropout_keeps_the_mean():
    decoder = TuckER(DIM, TuckEROptions(0.0, 0.0, 0.5, 0.0)).double().train()
    query, relation, _ = (x.detach() for x in numbers(1))
    many = [x.expand(20_000, -1) for x in (query, relation)]
    mean = decoder._contract(*many).mean(0)
    decoder.eval()
    expected = decoder._contract(query, relation)[0]
    assert (mean - expected).norm() < 0.05 * expected.norm()
