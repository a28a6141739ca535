"""Joining the processes of a job, and ending all of them with one line where one is lost."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from mygo_cli.distributed.group import Processes, environment_number, started_by_torchrun
from mygo_cli.errors import MygoError, ReportedElsewhere, UsageError

if TYPE_CHECKING:
    import torch

ROLL_CALL = 3.0  # seconds in which a process that is still there answers
# Parts of what gloo and NCCL say when the other end is gone.
SIGNS_OF_LOSS = ("Connection", "Broken pipe", "imed out", "aborted", "NCCL")


@contextmanager
def joined(
    device: torch.device, patience: timedelta = timedelta(minutes=30)
) -> Iterator[Processes]:
    """Join the processes that torchrun started; this one is alone where it did not.

    They wait for each other for so long as `patience`, then count as lost.
    """
    processes = started_by_torchrun()
    if processes.alone:
        yield processes
        return
    import torch.distributed as dist

    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=patience)
    try:
        yield processes
    finally:
        _hang_up()


@contextmanager
def fail_together(processes: Processes, way_out: Callable[[], str]) -> Iterator[None]:
    """End every process when one is lost: raise `MygoError`, in the first that is left.

    It names the lost ones and what `way_out` says. `ReportedElsewhere` ends the others.
    """
    try:
        yield
    except RuntimeError as error:
        lost = not processes.alone and any(
            sign.lower() in str(error).lower() for sign in SIGNS_OF_LOSS
        )
        if not lost:
            raise
        raise _lost(processes, way_out) from error


def _hang_up() -> None:
    import torch.distributed as dist

    with suppress(RuntimeError, ValueError, AssertionError):
        dist.destroy_process_group()


def _lost(processes: Processes, way_out: Callable[[], str]) -> MygoError:
    """Return the error that names the processes that do not answer a roll call."""
    import torch.distributed as dist

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun's, which would come in between
    store = dist.distributed_c10d._get_default_store()
    _hang_up()  # or those that wait for this one would not notice
    try:
        store.set(f"mygo/here/{processes.rank}", "yes")
        time.sleep(ROLL_CALL)
        here = [rank for rank in range(processes.count) if store.check([f"mygo/here/{rank}"])]
    except RuntimeError:  # the store went down with the process that kept it
        here = list(range(1, processes.count))
    lost = [str(rank) for rank in range(processes.count) if rank not in here]
    if not lost or here[0] != processes.rank:
        return ReportedElsewhere("Another process tells what happened.")
    ranks = f"rank {lost[0]}" if len(lost) == 1 else f"ranks {', '.join(lost)}"
    return MygoError(f"Lost the process of {ranks}; the others stopped.", way_out())


def shared_device(name: str) -> str:
    """Return `--device`; with auto on CUDA, a GPU that other processes may use, too."""
    import torch

    local = environment_number("LOCAL_RANK")
    if name != "auto" or local is None or not torch.cuda.is_available():
        return name
    return f"cuda:{local % torch.cuda.device_count()}"


def own_device(name: str) -> str:
    """Return `--device` for this process: with auto on CUDA, the GPU of its `LOCAL_RANK`.

    Raises `UsageError` where a machine runs more processes than it has GPUs.
    """
    import torch

    shared = shared_device(name)
    here, gpus = environment_number("LOCAL_WORLD_SIZE") or 1, torch.cuda.device_count()
    if shared != name and here > gpus:
        raise UsageError(
            f"{here} processes on a machine with {gpus} CUDA devices.",
            f"Use --nproc-per-node {gpus}, or --device cpu.",
        )
    return shared
