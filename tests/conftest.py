"""One PyTorch thread: tests are small, and others may share the machine."""

from __future__ import annotations

import pytest
import torch

from mygo_cli import console


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def shown_logs() -> None:
    """Show what the core logs on stderr, as the command line does."""
    console.show_logs()
