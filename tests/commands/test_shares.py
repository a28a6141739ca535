"""Which part of a job, and which device, is a process's own under torchrun."""

import pytest
import torch

from mygo_cli.distributed.group import Processes, started_by_torchrun
from mygo_cli.distributed.join import own_device, shared_device
from mygo_cli.errors import UsageError


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)


def test_this_process_among_others(monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert started_by_torchrun() == Processes(1, 4)


@pytest.mark.parametrize(
    ("rank", "processes"), [("0", "1"), ("4", "4"), ("-1", "4"), ("x", "4"), ("0", ""), ("", "2")]
)
def test_alone_with_other_values(monkeypatch, rank, processes):
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", processes)
    assert started_by_torchrun().alone


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_parts_are_even_and_make_the_whole(count):
    parts = [Processes(rank, count).part(11) for rank in range(count)]
    assert [place for part in parts for place in range(11)[part]] == list(range(11))
    sizes = [part.stop - part.start for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_a_gpu_for_each_process(monkeypatch):
    assert shared_device("auto") == own_device("auto") == "auto"
    monkeypatch.setenv("LOCAL_RANK", "3")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert shared_device("auto") == own_device("auto") == "auto"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert own_device("auto") == shared_device("auto") == "cuda:3"
    assert own_device("cuda:0") == shared_device("cuda:0") == "cuda:0"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert shared_device("auto") == "cuda:1"
    with pytest.raises(UsageError, match="4 processes on a machine with 2 CUDA devices"):
        own_device("auto")
