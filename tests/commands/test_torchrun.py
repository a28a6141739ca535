"""Several processes started by torchrun: each takes its part."""

import pytest
import torch

from mygo_cli.commands.tokenize import parse_shard
from mygo_cli.commands.torchrun import device_of_rank


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)


def test_the_shard_is_that_of_the_rank(monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert parse_shard(None) == (2, 4)
    assert capsys.readouterr().err == "RANK and WORLD_SIZE are set: as --shard 2/4.\n"
    assert parse_shard("1/2") == (1, 2)


@pytest.mark.parametrize(
    ("rank", "processes"), [("0", "1"), ("4", "4"), ("-1", "4"), ("x", "4"), ("0", ""), ("", "2")]
)
def test_no_shard_of_other_values(monkeypatch, capsys, rank, processes):
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", processes)
    assert parse_shard(None) == (1, 1)
    assert capsys.readouterr().err == ""


def test_each_process_takes_a_gpu_of_its_own(monkeypatch):
    assert device_of_rank("auto") == "auto"
    monkeypatch.setenv("LOCAL_RANK", "3")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of_rank("auto") == "auto"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device_of_rank("auto") == "cuda:1"
    assert device_of_rank("cuda:0") == "cuda:0"
    assert device_of_rank("cpu") == "cpu"
