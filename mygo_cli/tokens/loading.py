"""Work ahead in threads, results in order, a bounded number in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


def in_order(
    work: Callable[[In], Out], items: Iterable[In], workers: int, ahead: int
) -> Generator[Out, None, None]:
    """Yield `work(item)` for each item in their order, computed by `workers` threads.

    At most `ahead` results wait or are being made. Threads do, as Pillow, NumPy and hashlib let
    go of the interpreter while they work. An exception of `work` is raised in its turn.
    """
    pool = ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="mygo-loader")
    waiting: deque[Future[Out]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= max(1, ahead):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
