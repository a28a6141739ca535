"""Times a training step of world's size with other numbers of threads, and other ways to wait.

    python docs/measure_threads.py              # beside what else runs on the machine
    python docs/measure_threads.py --busy       # with a process that spins on each core

`--wait` are values of GOMP_SPINCOUNT: how many rounds an OpenMP thread spins for the next piece of
work before it sleeps. Each way trains in a process of its own, and the steps take turns. Prints
Markdown: medians of a step's seconds, in brackets those of the processor (all threads together).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack

SPIN = [sys.executable, "-c", "while True: pass"]


def serve(threads: int) -> None:
    """Do a step for each line of standard input, and print what it took."""
    from mygo_cli.device import set_surroundings

    set_surroundings()  # but for the waiting, which is given
    import torch

    from mygo_cli.bench.worker import StepTimer
    from mygo_cli.bench.workload import of_graph
    from mygo_cli.folders import world_folder
    from mygo_cli.graph.reading import as_graph
    from mygo_cli.settings.sections import Settings

    torch.set_num_threads(threads)
    timer = StepTimer(of_graph(as_graph(world_folder())), Settings(), literal=False)
    timer.step()
    print("ready", flush=True)
    for _ in sys.stdin:
        before = time.process_time()
        print(timer.step().seconds, time.process_time() - before, flush=True)


def start(threads: int, wait: str) -> subprocess.Popen[str]:
    """Start a process that serves steps, and wait until it has done one."""
    command = [sys.executable, __file__, "--serve", str(threads)]
    surroundings = {**os.environ, "GOMP_SPINCOUNT": wait, "OMP_NUM_THREADS": str(threads)}
    pipe = subprocess.PIPE
    server = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=surroundings)
    assert server.stdout
    server.stdout.readline()
    return server


def step(server: subprocess.Popen[str]) -> tuple[float, ...]:
    """Return the seconds of a step, and those of the processor."""
    assert server.stdin
    assert server.stdout
    print(file=server.stdin, flush=True)
    return tuple(map(float, server.stdout.readline().split()))


def main() -> None:
    """Measure every way and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--wait", nargs="+", default=["0", "1000", "10000"])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return
    ways = [
        (threads, wait)
        for threads in arguments.threads
        for wait in (arguments.wait if threads > 1 else ["0"])
    ]
    with ExitStack() as stack:
        started = [start(*way) for way in ways]
        spinning = [subprocess.Popen(SPIN) for _ in range(arguments.busy * (os.cpu_count() or 1))]
        for process in (*started, *spinning):
            stack.callback(process.kill)
        rounds = [[step(server) for server in started] for _ in range(arguments.steps)]
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| threads | GOMP_SPINCOUNT | seconds a step |\n|---|---|---|")
    for (threads, wait), took in zip(ways, zip(*rounds, strict=True), strict=True):
        wall, processor = (statistics.median(column) for column in zip(*took, strict=True))
        print(f"| {threads} | {wait if threads > 1 else ''} | {wall:.2f} ({processor:.2f}) |")


if __name__ == "__main__":
    main()
