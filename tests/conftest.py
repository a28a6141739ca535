"""One PyTorch thread: tests are small, and others may share the machine."""

from __future__ import annotations

import os

import pytest
import torch

from mygo_cli import console


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"  # of processes that tests start: the same last bits


@pytest.fixture(autouse=True)
def shown_logs() -> None:
    """Show what the core logs on stderr, as the command line does."""
    console.show_logs()
