"""Train, evaluate and rank as a user does, each in a process of its own, in an empty folder."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time

from small_world import QUICK


def mygo(folder, *words):
    """Run `python -m mygo_cli` in a folder; return what it prints on stdout."""
    ended = subprocess.run(
        [sys.executable, "-m", "mygo_cli", *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stdout


def test_the_whole_way(tmp_path, world, caches):
    trained = mygo(tmp_path, "train", "--data", world, "--cache-dir", caches, *QUICK, "--json")
    result = json.loads(trained)
    report = json.loads(mygo(tmp_path, "evaluate", "--json"))
    assert report["overall"] == result["splits"]["test"]["overall"]
    assert (tmp_path / result["run"]).name == report["run"]
    rows = list(
        csv.DictReader(
            io.StringIO(mygo(tmp_path, "rank", "--head", "Kenya", "--relation", "grows", "--csv"))
        )
    )
    assert [row["rank"] for row in rows] == [str(n) for n in range(1, 11)]


def test_ctrl_c_ends_with_130_and_a_checkpoint(tmp_path, world, caches):
    quick = [word if word != "3" or QUICK[n - 1] != "--epochs" else "5000"
             for n, word in enumerate(QUICK)]  # fmt: skip
    words = ["train", "--data", world, "--cache-dir", caches, *quick]
    with subprocess.Popen(
        [sys.executable, "-m", "mygo_cli", *map(str, words)],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        for _ in range(600):
            if list(tmp_path.glob("mygo-work/runs/*/checkpoints/last.pt")):
                break
            assert command.poll() is None
            time.sleep(0.1)
        command.send_signal(signal.SIGINT)
        said = command.stderr.read()
    assert command.returncode == 130
    assert "is saved. Go on with: mygo train --resume mygo-work/runs/" in said.splitlines()[-1]
    assert "Traceback" not in said
