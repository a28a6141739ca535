"""What is computed block by block is what plain operations say, values and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mygo_cli.device import common_size
from mygo_cli.model import code_pool, link_loss
from mygo_cli.model.code_pool import CodeSums
from mygo_cli.model.link_loss import UNREAD, Sample
from mygo_cli.model.queries import Queries
from mygo_cli.model.relation_maps import MOST_MATRICES, RelationMaps
from mygo_cli.training.candidates import padded, places_in

ROWS = torch.tensor([0, 0, 1, 3, 3, 3, 4])  # question 2 has no answer
ANSWERS = torch.tensor([1, 5, 0, 9, 2, 3, 6])
ASKED = Queries(torch.tensor([2, 0, 7, 3, 6]), torch.zeros(5).long(), torch.zeros(5).bool())


def plain_loss(scores: Tensor, smoothing: float, shares: Tensor, known: Tensor) -> Tensor:
    """Return the loss with a matrix of shares and the log-probabilities of all candidates."""
    every = shares.repeat(len(scores), 1)
    every[ROWS, ANSWERS] = 0
    every[torch.arange(5), ASKED.entity] = 0
    likely = (scores.masked_fill(~known, UNREAD) - every).log_softmax(1)
    even = (scores - scores.masked_fill(~known, UNREAD).sub(every).logsumexp(1, keepdim=True)) @ (
        (-shares).softmax(0)
    )
    return -(1 - smoothing) * likely[ROWS, ANSWERS].sum() - smoothing * even[ROWS].sum()


@pytest.mark.parametrize("block", [1, 20, 1000])
@pytest.mark.parametrize(("smoothing", "unread"), [(0.0, ()), (0.1, ()), (0.0, (4, 7))])
def test_the_link_loss(monkeypatch, block, smoothing, unread):
    monkeypatch.setattr(link_loss, "BLOCK", block)
    torch.manual_seed(0)
    scores = torch.randn(5, 10, dtype=torch.float64, requires_grad=True)
    shares = torch.rand(10, dtype=torch.float64).log()
    known = torch.ones(10, dtype=torch.bool)
    known[list(unread)] = False
    expected = plain_loss(scores, smoothing, shares, known)
    sample = Sample.of(shares, ASKED, ROWS, ANSWERS)
    found = link_loss.link_loss(scores, ROWS, ANSWERS, smoothing, sample, known)
    torch.testing.assert_close(found, expected)
    ours, theirs = (torch.autograd.grad(3 * loss, scores)[0] for loss in (found, expected))
    torch.testing.assert_close(ours, theirs)
    assert not ours[2].any()


def test_the_link_loss_of_scores_in_half_the_bits():
    torch.manual_seed(0)
    short = torch.randn(5, 10).bfloat16().requires_grad_()
    exact = short.detach().float().requires_grad_()
    losses = [link_loss.link_loss(scores, ROWS, ANSWERS, 0.1) for scores in (short, exact)]
    assert losses[0] == losses[1]
    ours, theirs = (
        torch.autograd.grad(loss, scores)[0]
        for loss, scores in zip(losses, (short, exact), strict=True)
    )
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(ours, theirs.bfloat16())


def test_candidates_that_fill_up_stand_for_nobody():
    torch.manual_seed(0)
    rows, shares = torch.arange(0, 66, 2), torch.rand(33).log()
    more, more_shares = padded(rows, shares)
    assert len(more) == common_size(33) == 34
    needed = torch.tensor([64, 0, 12])
    assert torch.equal(places_in(more, needed), torch.tensor([32, 0, 6]))
    scores = torch.randn(5, 34, requires_grad=True)
    losses = [
        link_loss.link_loss(
            scores[:, : len(part)], ROWS, ANSWERS, 0.1, Sample.of(part, ASKED, ROWS, ANSWERS)
        )
        for part in (shares, more_shares)
    ]
    torch.testing.assert_close(*losses)
    short, full = (torch.autograd.grad(loss, scores)[0] for loss in losses)
    torch.testing.assert_close(short, full)


@pytest.mark.parametrize("count", [1, 7, 16, 33, 1000, 12_842])
def test_common_sizes_are_few_and_little_more(count):
    assert count <= common_size(count) <= count * 17 / 16
    assert len({common_size(each) for each in range(count, 2 * count)}) <= 33


@pytest.mark.parametrize("block", [1, 40, 1000])
def test_sums_of_codes(monkeypatch, block):
    monkeypatch.setattr(code_pool, "BLOCK", block)
    torch.manual_seed(0)
    table = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    share = torch.randn(7, 2, 3, dtype=torch.float64, requires_grad=True)
    ids = torch.randint(0, 6, (7, 3))
    expected = share @ table[ids]
    found = CodeSums.apply(table, ids, share)
    torch.testing.assert_close(found, expected)
    weight = torch.randn_like(expected)
    ours, theirs = (torch.autograd.grad(x, (table, share), weight) for x in (found, expected))
    torch.testing.assert_close(ours, theirs)


def test_many_relations_at_once_are_mapped_as_one_by_one():
    torch.manual_seed(0)
    asked = torch.randperm(2 * MOST_MATRICES).repeat(2)
    maps = RelationMaps(MOST_MATRICES, 5).double()
    torch.nn.init.normal_(maps.offset)
    vectors = torch.randn(len(asked), 5, dtype=torch.float64, requires_grad=True)
    found = maps(vectors, asked)
    few = [maps(part, some) for part, some in zip(vectors.split(8), asked.split(8), strict=True)]
    torch.testing.assert_close(found, torch.cat(few))
    weight = torch.randn_like(found)
    parameters = (vectors, *maps.parameters())
    ours, theirs = (torch.autograd.grad(x, parameters, weight) for x in (found, torch.cat(few)))
    torch.testing.assert_close(ours, theirs)
