"""The third-party plugin of the documentation installs, is found, and fills a cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[2] / "docs" / "example_plugin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the example plugin into a folder of its own and return the folder."""
    target = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source")  # building must not litter the repository
    for file in PLUGIN.iterdir():
        if file.is_file():
            (source / file.name).write_bytes(file.read_bytes())
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(target), str(source)], check=True)
    return target


def mygo(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run mygo with the plugin's folder on its path."""
    return subprocess.run(
        [sys.executable, "-m", "mygo_cli", *arguments],
        env={**os.environ, "PYTHONPATH": str(site), "MYGO_WORK": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_listed(installed: Path, tmp_path: Path) -> None:
    listed = json.loads(mygo(installed, tmp_path, "backends", "--json").stdout)
    (found,) = [line for line in listed if line["name"] == "colour-words"]
    assert found["package"] == "mygo-colour-words"
    assert found["problem"] == ""


def test_it_keeps_the_contract(installed: Path) -> None:
    check = (
        "from mygo_cli.testing import check_image_tokenizer as check;"
        "from mygo_colour_words import ColourWords, ColourWordsOptions as Options;"
        "check(ColourWords); check(ColourWords, Options(grid=3, levels=2))"
    )
    subprocess.run(
        [sys.executable, "-c", check], env={**os.environ, "PYTHONPATH": str(installed)}, check=True
    )


def test_it_fills_a_cache(installed: Path, tmp_path: Path) -> None:
    arguments = ("tokenize", "--image-backend", "colour-words", "--no-text", "--json")
    done = mygo(installed, tmp_path, *arguments, "--image-option", "grid=4")
    assert done.returncode == 0, done.stderr
    (summary,) = json.loads(done.stdout)["caches"]
    assert summary["done"] == 652
    assert summary["failed"] == 0


def test_a_wrong_option_is_named(installed: Path, tmp_path: Path) -> None:
    arguments = ("tokenize", "--image-backend", "colour-words", "--no-text")
    done = mygo(installed, tmp_path, *arguments, "--image-option", "gird=4")
    assert done.returncode == 2
    assert "unknown setting gird" in done.stderr
    assert "grid" in done.stderr
