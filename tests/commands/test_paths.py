"""Paths as options, variables and files name them, where no shell reads them first."""

from __future__ import annotations

import json
import logging
import os
import shutil
from pathlib import Path

import pytest
from run_files import result_of
from small_world import QUICK

BARE = [*QUICK, "--no-image", "--no-text", "--epochs", 1]


@pytest.fixture
def home(mygo, world, tmp_path, monkeypatch):
    """Return a home folder that holds the graph `g`."""
    home = tmp_path / "home"
    shutil.copytree(world, home / "g")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))  # its name on Windows
    return home


def test_a_tilde_in_options_is_the_home_folder(mygo, home):
    assert mygo("data", "check", "--data=~/g", "--no-media").code == 0
    assert mygo("train", "--data=~/g", "--runs-dir=~/runs", *BARE).code == 0
    (run,) = (home / "runs").iterdir()
    assert result_of(run)
    compared = mygo("compare", f"~/runs/{run.name}", f"~/runs/{run.name}", "--json")
    assert compared.code == 0
    assert mygo("export", f"~/runs/{run.name}", "--output=~/vectors.npz").code == 0
    assert (home / "vectors.npz").exists()
    assert not Path("~").exists()


def test_a_tilde_in_the_variable_of_the_working_folder(mygo, home, monkeypatch):
    monkeypatch.setenv("MYGO_WORK", "~/work")
    assert mygo("train", "--data", home / "g", *BARE).code == 0
    assert len(list((home / "work" / "runs").iterdir())) == 1
    assert not Path("~").exists()


def test_a_tilde_in_a_settings_file(mygo, home, caches):
    shutil.copytree(caches, home / "caches")
    (text,) = (home / "caches").glob("*/text-*.h5")
    settings = f'[data]\nfolder = "~/g"\n[tokens.text]\ncache = "~/{text.relative_to(home)}"\n'
    (home / "c.toml").write_text(settings)
    ended = mygo("train", "--config=~/c.toml", *QUICK, "--no-image", "--epochs", 1)
    assert ended.code == 0
    (run,) = Path("mygo-work/runs").iterdir()
    written = (run / "config.toml").read_text()
    assert f'folder = "{home / "g"}"' in written
    assert f'cache = "{text}"' in written


def test_a_tilde_of_nobody_stays(mygo, home):
    ended = mygo("data", "info", "--data", "~no-such-user/g")
    assert ended.code == 1
    assert ended.err.startswith("Error: ~no-such-user/g: no such folder.")


@pytest.fixture
def latin(world, tmp_path):
    """Yield a graph's folder with a name as an old zip file unpacks it.

    Nothing is logged meanwhile: pytest-xdist cannot pass on such names.
    """
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        shutil.copytree(world, folder)
    except OSError:
        pytest.skip("this file system has names in UTF-8 only")
    logging.disable(logging.CRITICAL)
    yield folder
    logging.disable(logging.NOTSET)


def test_a_folder_whose_name_is_no_utf_8(mygo, latin):
    assert mygo("tokenize", "--data", latin, "--no-image", "--limit", 2).code == 0
    runs = Path(os.fsdecode(b"runs\xff"))
    ended = mygo("train", "--data", latin, "--runs-dir", runs, *BARE, "--json")
    assert ended.code == 0
    (run,) = runs.iterdir()
    assert json.loads(ended.out)["run"] == str(run)
    shown = mygo("rank", "--runs-dir", runs, "--head", "kenya", "--relation", "grows", "--json")
    assert shown.code == 0  # its graph was found again by what config.toml says
    assert mygo("evaluate", "--run", run).code == 0
    assert mygo("train", "--config", run / "config.toml").code == 0
    assert mygo("train", "--resume", run).code == 0
    assert json.loads((run / "environment.json").read_text(encoding="utf-8"))["command"]
