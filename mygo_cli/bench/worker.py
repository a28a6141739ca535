"""A process of its own that trains, step by step, and tells how long and how much it took."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from mygo_cli.bench.literal import LiteralLoss
from mygo_cli.bench.workload import Workload, make_model
from mygo_cli.device import keep_freed_memory
from mygo_cli.errors import MygoError
from mygo_cli.settings.sections import Settings
from mygo_cli.training.loop import StepDone, Trainer


@dataclass(frozen=True)
class StepTiming:
    """One step: its seconds, and the most memory that its process has used so far, in bytes."""

    seconds: float
    peak: int


class StepTimer:
    """A model in training; `literal` computes its loss as the paper writes it down."""

    def __init__(self, work: Workload, settings: Settings, literal: bool) -> None:
        model = make_model(work, settings)
        self.trainer = Trainer(model, work.train, settings.training)
        if literal:  # with the allocator as a script would find it
            self.trainer.loss = LiteralLoss(model, settings.training)
        else:
            keep_freed_memory()
        self.events = self.trainer.run()

    def step(self) -> StepTiming:
        """Do the next step and wait until it is done."""
        started = time.perf_counter()
        while not isinstance(next(self.events), StepDone):
            pass
        if self.trainer.device.type == "cuda":
            torch.cuda.synchronize(self.trainer.device)
        return StepTiming(time.perf_counter() - started, peak_memory(self.trainer.device))

    def steps_per_epoch(self) -> int:
        """Return how many steps an epoch has."""
        return self.trainer.steps_per_epoch

    def operations(self) -> int:
        """Return the floating-point operations in the matrix products of a step."""
        with FlopCounterMode(display=False) as counter:
            self.step()
        return int(counter.get_total_flops())

    def memory(self) -> int:
        """Do the next step on the CPU; return the most bytes that its tensors took at once."""
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
            self.step()
        assert profiler.profiler is not None
        events = profiler.profiler.kineto_results.events()
        changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
        return int(max(accumulate(change for _, change in changes)))


def peak_memory(device: torch.device) -> int:
    """Return the most bytes that this process has held: on the GPU if it uses one, else in all."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:  # what getrusage says includes the process that started this one
        status = Path("/proc/self/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) << 10
    except (OSError, StopIteration):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


_timer: StepTimer


def _prepare(work: Workload, settings: Settings, literal: bool, threads: int) -> None:
    global _timer  # noqa: PLW0603 - a process of its own is asked method by method
    torch.set_num_threads(threads)
    _timer = StepTimer(work, settings, literal)


def _ask(method: str) -> Any:
    return getattr(_timer, method)()


class Worker:
    """A `StepTimer` in another process, so that its memory is its own."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def _ask(self, method: str) -> Any:
        try:
            return self._pool.submit(_ask, method).result()
        except BrokenProcessPool as error:
            raise MygoError(
                "The timed process ended: it ran out of memory, or was killed.",
                "Use a smaller --batch-size, or --candidates.",
            ) from error

    def step(self) -> StepTiming:
        """Do the next step there."""
        took: StepTiming = self._ask("step")
        return took

    def operations(self) -> int:
        """Count the operations of the next step there."""
        return int(self._ask("operations"))

    def steps_per_epoch(self) -> int:
        """Return how many steps an epoch has."""
        return int(self._ask("steps_per_epoch"))


@contextmanager
def worker(work: Workload, settings: Settings, literal: bool = False) -> Iterator[Worker]:
    """Start a worker, and end it with the context."""
    context = multiprocessing.get_context("spawn")
    arguments = (work, settings, literal, torch.get_num_threads())
    with ProcessPoolExecutor(1, context, _prepare, arguments) as pool:
        timed = Worker(pool)
        timed.steps_per_epoch()  # the process starts with the first question
        yield timed
