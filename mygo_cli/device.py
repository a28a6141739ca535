"""Device, threads, memory, number format and seed, and how many items fit at once."""

from __future__ import annotations

import ctypes
import logging
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from mygo_cli.errors import UsageError, lacks_memory

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Result = TypeVar("Result")

Precision = Literal["float32", "bf16"]
FLOAT32: Precision = "float32"
BF16: Precision = "bf16"


log = logging.getLogger(__name__)


def choose_device(name: str) -> torch.device:
    """Return the device of `--device`: auto takes CUDA, else MPS, else the CPU.

    Raises `UsageError` for a device that this machine has not, or that cannot compute.
    """
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(
            f"--device {name}: no such kind of device.", "Use auto, cpu, cuda, cuda:1 or mps."
        ) from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise UsageError(
            f"--device {name}: PyTorch sees {count} CUDA devices.", "Use --device cpu."
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UsageError(f"--device {name}: PyTorch sees no MPS device.", "Use --device cpu.")
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"--device {name}: PyTorch cannot compute there.", "Use --device cpu."
        ) from error
    return device


THREADS = "OMP_NUM_THREADS"  # read by PyTorch, scikit-learn and their like, here and in workers


def use_threads(count: int) -> None:
    """Let this process, and those that it starts, compute in so many threads."""
    os.environ[THREADS] = str(count)
    if torch := sys.modules.get("torch"):  # it reads the variable when it is imported only
        torch.set_num_threads(count)


def set_surroundings() -> None:
    """Set what PyTorch reads when it is imported or first used, unless the user decided."""
    # OpenMP's threads wait by spinning, by default for so long that beside other work on the
    # machine they take the processor from the thread they wait for (docs/performance.md).
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    # Tensors of 2 MiB and more go on huge pages of Linux: each page is cleared when it is touched
    # first and looked up ever after, and small ones cost a step more than some products do.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    spare_throttled_cores()


def spare_throttled_cores() -> None:
    """Use no more threads than cores that this process gets, unless the user says how many.

    A container often sees all cores of its machine and may use a few: the system then stops its
    threads for a part of each tenth of a second, and those that still run wait for them.
    """
    quota = cores_of_quota()
    if quota is not None and quota < usable_cores():
        os.environ.setdefault(THREADS, str(quota))


def usable_cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cores_of_quota(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return how many cores' time the container's quota is, rounded up; None without a quota.

    Version 2 of Linux' control groups says so in `cpu.max`, version 1 in two files.
    """
    try:
        quota, period = (root / "cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        try:
            quota, period = ((root / "cpu" / name).read_text("ascii").strip() for name in names)
        except (OSError, ValueError):
            return None
    try:
        cores = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):  # "max": no quota
        return None
    return math.ceil(cores) if cores > 0 else None


# Parameters of glibc's mallopt, from malloc.h.
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
NEVER, GROW_BY = 2**31 - 1, 1 << 26


def keep_freed_memory() -> bool:
    """Let this process keep what it frees; return whether its allocator was told so.

    glibc hands large blocks back to the system at once, and the system clears their pages when
    they are asked for again: a sixth of the time of a step of DB15K's size, and more on virtual
    machines. Settings of one's own in `GLIBC_TUNABLES` are left alone, and so is any other
    allocator.
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


def choose_precision(name: str, device: torch.device) -> Precision:
    """Return the number format of `--precision`: auto is bf16 on a CUDA device that has it.

    Raises `UsageError` for bf16 on a CUDA device that has not.
    """
    import torch

    lacking = device.type == "cuda" and not torch.cuda.is_bf16_supported()
    if name == BF16 and lacking:
        raise UsageError(f"--precision bf16: {device} cannot compute in it.", "Use float32.")
    if name == "auto":
        return BF16 if device.type == "cuda" and not lacking else FLOAT32
    return BF16 if name == BF16 else FLOAT32


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return the context of the forward pass: bf16 for matrix products, or nothing."""
    import torch

    if choose_precision(precision, device) == FLOAT32:
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def in_autocast_type(*tensors: Tensor) -> list[Tensor]:
    """Return tensors in the type that autocast would have a matrix product take."""
    import torch

    kinds = (x.device.type for x in tensors)
    return [
        x.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else x
        for x, kind in zip(tensors, kinds, strict=True)
    ]


def common_size(count: int) -> int:
    """Return the next of few sizes, at most a sixteenth more than `count`.

    A processor's library compiles each product in bf16 anew for shapes that it has not met, which
    takes as long as several products. Where a size is a matter of chance, it had better recur.
    """
    step = 1 << max(0, count.bit_length() - 5)
    return -(-count // step) * step


def at_least_float32(x: Tensor) -> Tensor:
    """Return `x` in float32, or as it is where it is more exact."""
    import torch

    return x.to(torch.promote_types(x.dtype, torch.float32))


def seed_everything(seed: int) -> None:
    """Seed PyTorch's generators on every device."""
    import torch

    torch.manual_seed(seed)


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """Let sums on a CPU be taken in the same order each time, whatever its threads do meanwhile.

    Without it the gradient of `x[rows]` is added up as threads come by, and two runs of the same
    seed drift apart. A GPU is left alone: there the order costs much.
    """
    import torch

    memory: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    filled = memory.fill_uninitialized_memory
    if device.type == "cpu":
        torch.use_deterministic_algorithms(True, warn_only=True)
        memory.fill_uninitialized_memory = False  # it would cost time and change nothing
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)
        memory.fill_uninitialized_memory = filled


@dataclass
class Portion:
    """At most `size` items at once, named `what` in the note; halved one time at most."""

    size: int
    what: str
    halved: bool = False

    def attempt(self, work: Callable[[], Result]) -> Result:
        """Return what `work` returns; call it again with half the size if memory ran out.

        Raises what `work` raised where the size was halved before or is 1.
        """
        try:
            return work()
        except Exception as error:
            if self.halved or self.size == 1 or not lacks_memory(error):
                raise
        # Only here is the error gone, and with it the tensors that its traceback held.
        self._halve()
        return work()

    def over(self, items: Tensor, work: Callable[[tuple[Tensor, ...]], Result]) -> Result:
        """Return what `work` makes of items (B, ...) in parts of at most `size`; see `attempt`."""
        return self.attempt(lambda: work(self.split(items)))

    def split(self, items: Tensor) -> tuple[Tensor, ...]:
        """Return items (B, ...) in portions of at most `size`."""
        parts: tuple[Tensor, ...] = items.split(self.size)
        return parts

    def _halve(self) -> None:
        import torch

        self.size, self.halved = (self.size + 1) // 2, True
        log.warning(f"Out of memory: going on with {self.size} {self.what} at once.")
        torch.cuda.empty_cache()  # does nothing where CUDA was not used
