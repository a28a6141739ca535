"""A step that cannot fit is refused with the size that would."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

from mygo_cli.errors import UsageError
from mygo_cli.training.memory import free_memory, refuse_what_cannot_fit

MODEL = nn.Linear(100, 100)  # 10,100 parameters: 161,600 bytes with gradients and moments


def refused(batch_size, candidates, free, sampled=False):
    with pytest.raises(UsageError) as caught:
        refuse_what_cannot_fit(MODEL, batch_size, candidates, sampled, free)
    return str(caught.value)


def test_what_fits_or_is_not_known_passes():
    refuse_what_cannot_fit(MODEL, 10, 1000, False, 161_600 + 10 * 16_000)
    refuse_what_cannot_fit(MODEL, 10**9, 10**9, False, None)


def test_the_size_named_fits():
    line = refused(512, 10_000_000, 16 << 30)
    assert "512 questions on 10,000,000 entities takes more than 76.3 GiB; 16.0 GiB" in line
    size = int(re.search(r"--batch-size (\d+)", line)[1])
    assert size == 53
    refuse_what_cannot_fit(MODEL, size, 10_000_000, False, 16 << 30)


def test_a_sample_takes_more_for_each_candidate():
    free = 161_600 + 10 * 16_000
    assert "--batch-size 3" in refused(10, 1000, free, sampled=True)


def test_a_model_that_does_not_fit_itself():
    assert refused(1, 10, 1000).endswith("Use a smaller --dim, or --candidates 4096.")


def test_free_memory_is_more_than_nothing():
    free = free_memory(torch.device("cpu"))
    assert free is None or free > 1 << 20
