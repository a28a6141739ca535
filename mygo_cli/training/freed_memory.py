"""Keeping the memory that a step frees, for the next one."""

from __future__ import annotations

import ctypes
import os
import sys

# Parameters of glibc's mallopt, from malloc.h.
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
NEVER, GROW_BY = 2**31 - 1, 1 << 26


def keep_freed_memory() -> bool:
    """Let this process keep what it frees; return whether its allocator was told so.

    glibc hands large blocks back to the system at once, and the system clears their pages when
    they are asked for again: a sixth of the time of a step of DB15K's size. Settings of one's own
    in `GLIBC_TUNABLES` are left alone, and so is any other allocator.
    """
    if not sys.platform.startswith("linux") or "GLIBC_TUNABLES" in os.environ:
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # a system without glibc
        return False
    wishes = ((MMAP_MAX, 0), (TRIM_THRESHOLD, NEVER), (TOP_PAD, GROW_BY))
    answers = [mallopt(*wish) for wish in wishes]
    return 0 not in answers
