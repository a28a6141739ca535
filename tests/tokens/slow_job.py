"""A tokenizing job that takes its time, in a process of its own, to be killed."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch
from preloaded import CONTEXT
from token_fakes import Learner, tokenize

from mygo_cli.errors import MygoError
from mygo_cli.tokenizing.job import Job


class Process:
    """The job of `graph` into `cache`, `delay` seconds a picture, in files of `most` bytes."""

    def __init__(self, graph: Any, cache: Path, delay: float, most: int | None = None) -> None:
        self._said, theirs = CONTEXT.Pipe(duplex=False)
        self._process = CONTEXT.Process(target=_run, args=(graph, cache, delay, most, theirs))
        self._process.start()
        theirs.close()
        self.pid = self._process.pid

    def wait_for(self, line: str) -> None:
        """Return once the job says `line`."""
        while self._said.recv() != line:
            pass

    def end(self, kill: bool = False) -> tuple[int | None, str]:
        """Wait for the end; return exit code and last line."""
        if kill:
            self._process.kill()
        last = ""
        while True:
            try:
                last = self._said.recv()
            except EOFError:
                break
        self._process.join()
        self._said.close()
        return self._process.exitcode, last


def _run(graph: Any, cache: Path, delay: float, most: int | None, say: Any) -> None:
    class Slow(Learner):
        def encode(self, batch: torch.Tensor) -> torch.Tensor:
            time.sleep(delay)
            return super().encode(batch)

    torch.set_num_threads(1)
    if most is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    job = Job(cache, batch_size=1)
    try:
        tokenize(graph, Slow(), job, lambda what, done, total: say.send(f"{what} {done}"))
    except MygoError as error:
        say.send(f"{type(error).__name__}: {error}")
        sys.exit(error.exit_code)
