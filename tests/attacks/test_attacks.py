"""The attacks that anyone can run at scale work, and find nothing in a few trials."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from mutation import damage_cache, damage_checkpoint

HERE = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "words"),
    [("mutated_inputs.py", ["--trials", "5"]), ("kills.py", ["--job", "train", "--kills", "1"])],
)
def test_a_few_trials(script, words):
    ended = subprocess.run(
        [sys.executable, str(HERE / script), *words], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout


def test_another_value_in_a_checkpoint_and_a_cache(tmp_path):
    path = tmp_path / "a.pt"
    for seed in range(30):
        content = {"a": {"b": torch.ones(3, 2)}, "c": [1, 2], "d": "x"}
        torch.save(content, path)
        assert damage_checkpoint(path, np.random.default_rng(seed)).startswith("entry ")
        assert isinstance(torch.load(path, weights_only=True), dict)
    path = tmp_path / "a.h5"
    kinds = set()
    for seed in range(30):
        with h5py.File(path, "w") as file:
            file["g/x"] = np.arange(6).reshape(2, 3)
            file["y"] = ["a", "b"]
            file.attrs["n"] = 3
        kinds.add(damage_cache(path, np.random.default_rng(seed)).split()[0])
    assert kinds == {"attribute", "without", "nothing", "number"}
