"""The allocator is told to keep memory, unless it is not glibc's or not ours to tell."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from mygo_cli.device import keep_freed_memory

GLIBC = sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")
# A process of its own, as no allocator goes back to its first settings.
FREED = """
import sys
from pathlib import Path
import torch
from mygo_cli.device import keep_freed_memory

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if "keep" in sys.argv:
    assert keep_freed_memory()
before = held()
torch.ones(20_000_000)
print(held() - before)
"""


def held_after_a_block(*words: str) -> int:
    """Return the bytes that a process still holds of a block of 80 MB that it freed."""
    command = [sys.executable, "-c", FREED, *words]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(not GLIBC, reason="another allocator")
def test_freed_blocks_stay_with_the_process():
    assert held_after_a_block("keep") > 75_000_000
    assert held_after_a_block() < 20_000_000


def test_own_settings_are_left_alone(monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
    assert not keep_freed_memory()


@pytest.mark.parametrize("error", [AttributeError, OSError])
def test_other_allocators(monkeypatch, error):
    def library(name: None) -> object:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", library)
    assert not keep_freed_memory()
