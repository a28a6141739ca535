"""Kills at scale: `python tests/attacks/kills.py --kills 200`, so many of each job.

A job (tokenize, train, complete) is killed with SIGKILL after a random time and started again as
its own last line says, until it ends by itself. Then its files must be those of a job that nobody
killed, bit for bit. Each start is a fork of this process, so that no time goes into imports.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "commands"), str(TESTS / "tokens"), str(TESTS / "attacks")]

import h5py  # noqa: E402
import numpy as np  # noqa: E402
from mutated_inputs import RUN, prepare, run, within  # noqa: E402
from small_world import QUICK, write_caches  # noqa: E402

MOST_STARTS = 400  # of one job: more mean that it never gets further
OFTEN = ("--checkpoint-minutes", "0.000001")  # each step of each epoch is saved
TRAIN = ("train", "--data", "world", "--cache-dir", "caches", "--runs-dir", "new", *QUICK, *OFTEN)


@dataclass(frozen=True)
class Work:
    """A job in a folder: what starts it or goes on with it, and what it leaves, by name."""

    start: Callable[[], int]
    left: Callable[[], dict[str, bytes]]


def tokenize() -> int:
    """Fill the token caches of the graph."""
    write_caches(Path("filled"), Path("world"))
    return 0


def train() -> int:
    """Train, or go on with the run that is there; begin again where it saved nothing."""
    for begun in Path("new").glob("*/checkpoints/last.pt"):
        return run(("train", "--resume", str(begun.parents[1]))).code or 0
    shutil.rmtree("new", ignore_errors=True)
    return run(TRAIN).code or 0


def complete() -> int:
    """Write all new facts to a file."""
    return run(("complete", *RUN, "--top", "500", "-o", "facts.tsv")).code or 0


def trained() -> dict[str, bytes]:
    """Return what a run's folder holds, without times."""
    (folder,) = Path("new").glob("2*[!k]")  # not the lock of a killed one
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    kept = {name: (folder / name).read_bytes() for name in ("result.json", "config.toml")}
    kept |= {path.name: path.read_bytes() for path in (folder / "checkpoints").glob("*.pt")}
    kept["metrics"] = json.dumps([{**row, "seconds": 0} for row in rows]).encode()
    return kept


def cached() -> dict[str, bytes]:
    """Return the numbers and attributes of the token caches: HDF5 may place them anywhere."""
    found: dict[str, bytes] = {}
    for path in Path("filled/world").glob("*.h5"):
        with h5py.File(path) as file:
            said = sorted((k, v) for k, v in file.attrs.items() if k != "created")  # the time
            found[path.name] = repr(said).encode()

            def keep(name: str, part: h5py.Dataset | h5py.Group, path: Path = path) -> None:
                if isinstance(part, h5py.Dataset):
                    found[f"{path.name} {name}"] = repr(part[()].tolist()).encode()

            file.visititems(keep)
    return found


def files(pattern: str) -> dict[str, bytes]:
    """Return the content of files by name."""
    return {path.name: path.read_bytes() for path in Path().glob(pattern)}


WORKS = {
    "tokenize": Work(tokenize, cached),
    "train": Work(train, trained),
    "complete": Work(complete, lambda: files("facts.tsv*")),
}


def forked(work: Work, seconds: float | None) -> int | None:
    """Return the exit code of a start, None where it was killed after so many seconds."""
    child = os.fork()
    if not child:
        code = 99
        try:
            code = work.start()
        finally:
            os._exit(code)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return None if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)


def attack(
    name: str, kills: int, seconds: float, master: Path, random: np.random.Generator
) -> dict[str, object]:
    """Return what so many kills of a job came to, or fewer where the time was up."""
    until = time.monotonic() + seconds
    work, done, jobs, wrong = WORKS[name], 0, 0, []
    with fresh(master):
        since = time.monotonic()
        assert forked(work, None) == 0
        lasts, expected = time.monotonic() - since, work.left()
    while done < kills and time.monotonic() < until:
        jobs += 1
        with fresh(master):
            for start in range(MOST_STARTS):
                last = start == MOST_STARTS - 1
                code = forked(work, None if last else random.uniform(0, 1.2 * lasts))
                if code is not None:
                    break
                done += 1
            found = work.left() if code == 0 else {}
            different = sorted(k for k in expected | found if expected.get(k) != found.get(k))
            if code or different:
                wrong.append(f"{name} {jobs}: exit {code}, {', '.join(different)}")
    return {"kills": done, "jobs": jobs, "seconds of one": round(lasts, 2), "wrong": wrong}


@contextmanager
def fresh(master: Path) -> Iterator[None]:
    """Work in a copy of a folder."""
    folder = master.with_name("work")  # always the same, as some files name it
    shutil.copytree(master, folder)
    with within(folder):
        yield
    shutil.rmtree(folder)


def attacks(
    jobs: Iterable[str], kills: int, seconds: float, seed: int
) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield what came of each job."""
    with tempfile.TemporaryDirectory() as folder:
        master = Path(folder, "master")
        master.mkdir()
        prepare(master)
        for name in jobs:
            yield name, attack(name, kills, seconds, master, np.random.default_rng(seed))


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seconds", type=float, default=3600, help="of each job, at most")
    options.add_argument("--job", choices=WORKS, action="append", help="default: all")
    options.add_argument("--seed", type=int, default=0)
    asked = options.parse_args()
    failed = False
    for job, outcome in attacks(asked.job or WORKS, asked.kills, asked.seconds, asked.seed):
        print(job, json.dumps(outcome), flush=True)
        failed = failed or bool(outcome["wrong"])
    sys.exit(failed)
