"""Devices, threads and number formats."""

from __future__ import annotations

import os

import pytest
import torch

from mygo_cli import device
from mygo_cli.device import (
    autocast,
    choose_device,
    choose_precision,
    cores_of_quota,
    repeatable,
    seed_everything,
)
from mygo_cli.errors import UsageError


def test_auto_takes_the_best_there_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto") == torch.device("cpu")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("cuda")


def test_cpu():
    assert choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "", "cpu,cuda"])
def test_no_such_kind(name):
    with pytest.raises(UsageError, match=r"no such kind of device\. Use auto, cpu, cuda"):
        choose_device(name)


@pytest.mark.parametrize(("name", "count"), [("cuda", 0), ("cuda:0", 0), ("cuda:3", 2)])
def test_no_such_cuda_device(monkeypatch, name, count):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    with pytest.raises(UsageError, match=f"PyTorch sees {count} CUDA devices"):
        choose_device(name)


def test_no_mps(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UsageError, match="PyTorch sees no MPS device"):
        choose_device("mps")


def test_a_device_that_cannot_compute():
    with pytest.raises(UsageError, match=r"--device meta: PyTorch cannot compute there"):
        choose_device("meta")


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("auto", torch.float32), ("float32", torch.float32), ("bf16", torch.bfloat16)],
)
def test_number_format_of_matrix_products(precision, dtype):
    x = torch.ones(2, 2)
    with autocast(torch.device("cpu"), precision):
        assert (x @ x).dtype == dtype


def test_the_seed_decides():
    seed_everything(7)
    first = torch.rand(3)
    seed_everything(7)
    assert torch.equal(first, torch.rand(3))


@pytest.mark.parametrize(
    ("name", "device", "supported", "precision"),
    [
        ("auto", "cpu", True, "float32"),
        ("auto", "mps", True, "float32"),
        ("auto", "cuda", True, "bf16"),
        ("auto", "cuda", False, "float32"),
        ("bf16", "cpu", False, "bf16"),
        ("float32", "cuda", True, "float32"),
    ],
)
def test_number_format_of_a_device(monkeypatch, name, device, supported, precision):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: supported)
    assert choose_precision(name, torch.device(device)) == precision


def test_bf16_on_a_device_that_has_none(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    with pytest.raises(UsageError, match=r"--precision bf16: cuda cannot compute in it\."):
        choose_precision("bf16", torch.device("cuda"))


def test_gradients_of_rows_are_the_same_with_several_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.manual_seed(0)
    table = torch.randn(50, 96, requires_grad=True)
    rows, weights = torch.randint(0, 50, (2000,)), torch.randn(2000, 96)

    def gradient():
        with repeatable(torch.device("cpu")):
            return torch.autograd.grad((table[rows] * weights).sum(), table)[0]

    try:
        first = gradient()
        assert all(torch.equal(first, gradient()) for _ in range(50))
    finally:
        torch.set_num_threads(threads)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "20000 100000\n"}, 1),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu.max": "?"}, None),
        ({}, None),
    ],
)
def test_cores_of_a_container(tmp_path, files, cores):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert cores_of_quota(tmp_path) == cores


@pytest.mark.parametrize(
    ("quota", "asked", "used"), [(2, None, "2"), (2, "3", "3"), (8, None, None), (None, None, None)]
)
def test_a_quota_below_the_cores_bounds_the_threads(monkeypatch, quota, asked, used):
    monkeypatch.setattr(device, "cores_of_quota", lambda: quota)
    monkeypatch.setattr(device, "usable_cores", lambda: 8)
    environment = {} if asked is None else {device.THREADS: asked}
    monkeypatch.setattr(os, "environ", environment)
    device.spare_throttled_cores()
    assert environment.get(device.THREADS) == used


@pytest.mark.parametrize("name", ["GOMP_SPINCOUNT", "THP_MEM_ALLOC_ENABLE"])
@pytest.mark.parametrize("given", [None, "7"])
def test_surroundings_unless_the_user_decided(monkeypatch, name, given):
    monkeypatch.setattr(device, "cores_of_quota", lambda: None)
    environment = {} if given is None else {name: given}
    monkeypatch.setattr(os, "environ", environment)
    device.set_surroundings()
    assert environment[name] == given or (given is None and int(environment[name]) > 0)
