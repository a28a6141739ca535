"""mygo in several processes as torchrun starts them, but forked: `python forked.py 2 train ...`.

What they import is imported once, not once in each: most of the time of a short job.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from types import FrameType

import mygo_cli.tokenizing.tokenize
import mygo_cli.training.run  # noqa: F401
from mygo_cli.app import main


def free_port() -> int:
    """Return a port of this machine that nothing listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start(rank: int, count: int, port: int, words: list[str]) -> int:
    """Fork one of the processes; return its number."""
    child = os.fork()
    if child:
        return child
    os.environ |= {
        "RANK": str(rank), "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
    }  # fmt: skip
    sys.argv = ["mygo", *words]
    code = 1
    try:
        main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run(count: int, words: list[str]) -> int:
    """Run all, hand on SIGTERM, and return the largest exit code."""
    port = free_port()
    children = [start(rank, count, port, words) for rank in range(count)]

    def hand_on(number: int, _: FrameType | None) -> None:
        for child in children:
            os.kill(child, number)

    signal.signal(signal.SIGTERM, hand_on)
    return max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]), sys.argv[2:]))
