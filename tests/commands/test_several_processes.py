"""Two processes on the CPU: one run, the numbers of a single process. Some by torchrun itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from forked import Job, run

from mygo_cli.cache.format import TokenCache
from mygo_cli.runs.checkpoint import load_checkpoint

NO_DROPOUT = (
    *("--dropout", "0", "--structure-dropout", "0"),
    *("--decoder-option", "input_dropout=0"),
    *("--decoder-option", "relation_dropout=0", "--decoder-option", "output_dropout=0"),
)
SMALL = ("--dim", "8", "--feed-forward", "8", "--heads", "2", "--batch-size", "33")
SMALL += ("--evaluate-every", "2", "--contrastive-entities", "9", "--device", "cpu")


def torchrun(*words: object, cwd: Path) -> subprocess.Popen[str]:
    """Start mygo in two processes by torchrun itself."""
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.Popen(
        [*run, "-m", "mygo_cli", *map(str, words)],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a graph of 23 entities, an odd number that two processes do not share evenly."""
    folder = tmp_path_factory.mktemp("several") / "graph"
    folder.mkdir()
    random = np.random.default_rng(0)
    triples = random.permutation(np.unique(random.integers(0, (23, 3, 23), (160, 3)), axis=0))
    lines = [f"e{head}\tr{relation}\te{tail}\n" for head, relation, tail in triples]
    for name, part in (("train", slice(30, None)), ("valid", slice(15)), ("test", slice(15, 30))):
        (folder / f"{name}.txt").write_text("".join(lines[part]))
    return folder


def only_run(folder: Path) -> Path:
    (found,) = filter(Path.is_dir, folder.iterdir())  # a killed process leaves its lock file
    return found


def losses(folder: Path) -> list[float]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["loss"] for line in lines]


def agree(ours: Path, theirs: Path) -> None:
    """Assert that two runs went the same way, up to the order of sums."""
    assert losses(ours) == pytest.approx(losses(theirs), rel=1e-4)
    found, expected = (json.loads((run / "result.json").read_text()) for run in (ours, theirs))
    for split in ("valid", "test"):
        overall, other = (result["splits"][split]["overall"] for result in (found, expected))
        assert overall["count"] == other["count"] == 30
        assert overall["mrr"] == pytest.approx(other["mrr"], rel=2e-2)
    state, other_state = (
        load_checkpoint(run / "checkpoints" / "last.pt") for run in (ours, theirs)
    )
    assert state["model"].keys() == other_state["model"].keys()
    for name, value in state["model"].items():
        if value.dtype.is_floating_point:
            torch.testing.assert_close(
                value, other_state["model"][name], rtol=0, atol=5e-3, msg=name
            )


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        ("--decoder", "tucker", *NO_DROPOUT),
        ("--decoder", "dot", *NO_DROPOUT[:4], "--candidates", "4", "--questions", "coin-flip"),
    ],
    ids=["tucker", "candidates"],
)
def test_two_processes_do_the_run_of_one(graph, tmp_path, options):
    words = ("train", "--data", graph, *SMALL, *options, "--epochs", "4")
    alone = run(1, *words, "--runs-dir", tmp_path / "one", cwd=tmp_path)
    assert alone.code == 0, alone.err
    shared = run(2, *words, "--runs-dir", tmp_path / "two", cwd=tmp_path)
    assert shared.code == 0, shared.err
    assert shared.out.count("Next: mygo rank") == 1  # one process speaks
    agree(only_run(tmp_path / "two"), only_run(tmp_path / "one"))
    environment = json.loads((only_run(tmp_path / "two") / "environment.json").read_text())
    assert environment["processes"] == 2


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(2, 1), (1, 2)])
def test_resumed_by_another_number_of_processes(graph, tmp_path, before, after):
    words = ("train", "--data", graph, *SMALL, "--decoder", "tucker", *NO_DROPOUT)
    words = (*words, "--epochs", 6, "--runs-dir")
    straight = run(1, *words, "straight", cwd=tmp_path)
    assert straight.code == 0, straight.err
    job = Job(before, *words, "broken", cwd=tmp_path)
    wait_for(tmp_path, "broken/*/checkpoints/last.pt")
    job.terminate()
    said = job.end().err
    folder = only_run(tmp_path / "broken")
    if "is saved. Go on with: " in said:  # else it was done before the signal came
        again = run(after, "train", "--resume", folder, cwd=tmp_path)
        assert again.code == 0, again.err
    agree(folder, only_run(tmp_path / "straight"))


def wait_for(folder: Path, pattern: str) -> None:
    deadline = time.monotonic() + 90
    while not list(folder.glob(pattern)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_lost_process_ends_the_others_with_one_line(graph, tmp_path, rank):
    words = ("train", "--data", graph, *SMALL, "--decoder", "dot", "--epochs", 100_000)
    job = torchrun(*words, "--runs-dir", "runs", cwd=tmp_path)
    wait_for(tmp_path, "runs/*/checkpoints/last.pt")
    os.kill(process_of(job.pid, rank), signal.SIGKILL)
    _, said = job.communicate(timeout=60)
    lines = [line for line in said.splitlines() if line.startswith("Error:")]
    folder = only_run(tmp_path / "runs").relative_to(tmp_path)
    assert lines == [
        f"Error: Lost the process of rank {rank}; the others stopped. Go on with: "
        f"torchrun --nproc-per-node 2 -m mygo_cli train --resume {folder}"
    ]


def process_of(parent: int, rank: int) -> int:
    """Return the process that torchrun, process `parent`, started for a rank (Linux)."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "status").read_text()
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"PPid:\t{parent}\n" in status and f"RANK={rank}".encode() in environment:
            return int(folder.name)
    raise AssertionError(f"no process of rank {rank}")


@pytest.mark.slow
def test_what_is_wrong_everywhere_is_told_once(tmp_path):
    job = torchrun("train", "--data", "nowhere", cwd=tmp_path)
    _, said = job.communicate(timeout=60)
    assert job.returncode == 1
    assert [line for line in said.splitlines() if "no such folder" in line] == [
        f"Error: {tmp_path}/nowhere: no such folder. A graph is a folder with train.txt (or .tsv, "
        ".csv, each also .gz): head, relation and tail, separated by tabs; see docs/data.md."
    ]


@pytest.mark.slow
def test_tokens_and_evaluations_are_shared_out(graph, tmp_path):
    words = ("tokenize", "--data", graph, "--cache-dir")
    shared = run(2, *words, "two", cwd=tmp_path)
    assert shared.code == 0, shared.err
    assert shared.out.count("Next: mygo train") == 1
    alone = run(1, *words, "one", cwd=tmp_path)
    (ours,), (theirs,) = (list((tmp_path / name).glob("*/*")) for name in ("two", "one"))
    assert ours.name == theirs.name
    caches = [TokenCache.open(path) for path in (ours, theirs)]
    assert caches[0].complete
    dates = [attributes_of(path)["created"].encode() for path in (ours, theirs)]
    assert ours.read_bytes().replace(*dates) == theirs.read_bytes()
    again = run(2, *words, "two", cwd=tmp_path)
    assert "is already complete" in again.out

    options = ("--data", graph, *SMALL, "--decoder", "dot", "--epochs", 1, "--runs-dir", "runs")
    assert run(1, "train", *options, cwd=tmp_path).code == 0
    words = ("evaluate", "--runs-dir", "runs", "--json", "--device", "cpu")
    reports = [json.loads(run(count, *words, cwd=tmp_path).out) for count in (1, 2)]
    assert reports[0].keys() == reports[1].keys()
    for group in ("overall", "sides", "relations"):
        assert flat(reports[1][group]) == pytest.approx(flat(reports[0][group]))
    assert alone.code == 0


def attributes_of(path: Path) -> dict[str, str]:
    with h5py.File(path) as file:
        return dict(file.attrs)


def flat(values: dict[str, object]) -> dict[str, float]:
    """Return nested numbers under dotted names."""
    found: dict[str, float] = {}
    for key, value in values.items():
        inner = flat(value) if isinstance(value, dict) else {"": value}
        found |= {f"{key}.{name}": number for name, number in inner.items()}
    return found
