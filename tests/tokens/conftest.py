"""A small graph, and one PyTorch thread."""

import pytest
import torch
from token_fakes import small_graph


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def graph(tmp_path):
    return small_graph(tmp_path / "small")
