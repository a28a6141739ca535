"""The cheap masks zero the right share, keep the mean and fall silent in evaluation."""

from __future__ import annotations

import pytest
import torch

from mygo_cli.model.dropout import Dropout, keep_mask


@pytest.mark.parametrize("p", [1e-7, 0.1, 0.3, 0.5, 0.9, 1 - 1e-7])
def test_share_and_scale(p):
    torch.manual_seed(0)
    mask = keep_mask(torch.Size((200, 1003)), p, torch.float64)
    share = (mask == 0).double().mean().item()
    assert share == pytest.approx(p, abs=0.004)
    kept = mask[mask != 0]
    assert (kept == kept[:1]).all()
    rate = min(max(round(p * 65536), 1), 65535) / 65536
    assert (kept - 1 / (1 - rate)).abs().sum() < 1e-6


def test_elements_that_share_a_random_number_are_independent():
    torch.manual_seed(1)
    mask = keep_mask(torch.Size((50_000, 4)), 0.5, torch.float32) > 0
    together = (mask.float().T @ mask.float()) / len(mask)
    expected = torch.full((4, 4), 0.25).fill_diagonal_(0.5)
    torch.testing.assert_close(together, expected, atol=0.02, rtol=0)


@pytest.mark.parametrize("shape", [(0, 3), (1,), (), (3, 5, 7)])
def test_any_shape_and_gradient(shape):
    x = torch.ones(shape, requires_grad=True)
    out = Dropout(0.5)(x)
    assert out.shape == x.shape
    out.sum().backward()
    assert torch.equal(x.grad, out.detach())  # x is one, so both are the mask


def test_silent():
    x = torch.randn(8, 8)
    assert Dropout(0.0)(x) is x
    assert Dropout(0.7).eval()(x) is x
    assert not torch.equal(Dropout(0.7)(x), x)


def test_the_seed_decides():
    def draw():
        torch.manual_seed(3)
        return Dropout(0.4)(torch.ones(31))

    assert torch.equal(draw(), draw())


@pytest.mark.parametrize("p", [-0.1, 1.0, float("nan")])
def test_rates_that_make_no_sense(p):
    with pytest.raises(ValueError, match="must lie in"):
        Dropout(p)
