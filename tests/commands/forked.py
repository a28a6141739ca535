"""mygo in one process or several, as torchrun starts them, but forked from a server.

PyTorch and mygo are imported once, not once in each process: most of the time of a short job.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from preloaded import CONTEXT

WAIT = 60  # seconds


@dataclass(frozen=True)
class Ended:
    """The largest exit code of the processes, and what they wrote."""

    code: int
    out: str
    err: str


class Job:
    """`mygo WORDS` in a folder, in so many processes."""

    def __init__(self, processes: int, *words: object, cwd: Path) -> None:
        folder = Path(tempfile.mkdtemp(dir=cwd, prefix="job-"))
        self._said = [folder / "out", folder / "err"]
        several = {
            "WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes),
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()),
        }  # fmt: skip
        ranks = (str(rank) for rank in range(processes))
        surroundings = [{"RANK": rank, "LOCAL_RANK": rank, **several} for rank in ranks]
        self._processes = [
            CONTEXT.Process(target=_work, args=(cwd, self._said, each, tuple(map(str, words))))
            for each in (surroundings if processes > 1 else [{}])
        ]
        for process in self._processes:
            process.start()

    def terminate(self) -> None:
        """End it as a cluster's scheduler does: SIGTERM for every process."""
        for process in self._processes:
            os.kill(process.pid or 0, signal.SIGTERM)

    def end(self) -> Ended:
        """Wait for all processes."""
        for process in self._processes:
            process.join(WAIT)
        codes = [process.exitcode for process in self._processes]
        assert None not in codes, "a process hangs"
        out, err = (path.read_text(encoding="utf-8") for path in self._said)
        return Ended(max(codes), out, err)


def run(processes: int, *words: object, cwd: Path) -> Ended:
    """Run a job to its end."""
    return Job(processes, *words, cwd=cwd).end()


def free_port() -> int:
    """Return a port of this machine that nothing listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _work(cwd: Path, said: list[Path], surroundings: dict[str, str], words: tuple[str]) -> None:
    from mygo_cli.app import main

    for stream, path in enumerate(said, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    os.chdir(cwd)
    os.environ.update(surroundings, OMP_NUM_THREADS="1")
    sys.argv = ["mygo", *words]
    main()
