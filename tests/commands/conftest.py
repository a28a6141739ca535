"""A small graph with token caches, a trained run, and a way to call `mygo`."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_world import QUICK, Outcome, write_caches, write_world

from mygo_cli import console
from mygo_cli.app import main

Mygo = Callable[..., Outcome]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset folder. Do not change it."""
    return write_world(tmp_path_factory.mktemp("data") / "small")


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory, world: Path) -> Path:
    """Return a folder with the token caches of `world`."""
    return write_caches(tmp_path_factory.mktemp("caches"), world)


def call(monkeypatch: pytest.MonkeyPatch, words: tuple[object, ...]) -> int:
    """Run the command line in this process; return its exit code."""
    monkeypatch.setattr("sys.argv", ["mygo", *map(str, words)])
    console.stdout.cache_clear()
    console.stderr.cache_clear()
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which jobs in the background lack
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    return int(ended.value.code or 0)


@pytest.fixture
def mygo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Mygo:
    """Return a function that runs `mygo` in an empty folder and says how it ended."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MYGO_WORK", raising=False)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*words: object) -> Outcome:
        capsys.readouterr()
        code = call(monkeypatch, words)
        found = capsys.readouterr()
        return Outcome(code, found.out, found.err)

    return run


@pytest.fixture
def train(mygo: Mygo, world: Path, caches: Path) -> Mygo:
    """Return a function that trains on `world` with its caches and more options."""

    def run(*words: object) -> Outcome:
        return mygo("train", "--data", world, "--cache-dir", caches, *QUICK, *words)

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, world: Path, caches: Path) -> Path:
    """Return the folder of runs that holds one trained run. Do not change it."""
    runs = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        words = ("train", "--data", world, "--cache-dir", caches, "--runs-dir", runs, *QUICK)
        assert call(patch, words) == 0
    return runs


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    """Return a copy of `trained` that may be changed."""
    return Path(shutil.copytree(trained, tmp_path / "copied-runs"))


@pytest.fixture
def explorer(copied: Path) -> Any:
    """Return the trained run to look around in; its verdicts go to a copy."""
    pytest.importorskip("starlette")
    from mygo_cli.explore.explorer import Explorer
    from mygo_cli.runs.opened import open_run

    return Explorer(open_run(device="cpu", runs_dir=copied))


@pytest.fixture
def browse(explorer: Any) -> Callable[..., Any]:
    """Return a function that makes a client of the local page, as a browser on this machine."""
    pytest.importorskip("httpx2")
    from starlette.testclient import TestClient

    from mygo_cli.explore.app import explore_app

    def client(host: str = "127.0.0.1", token: str | None = None, **options: Any) -> TestClient:
        options = {"base_url": "http://127.0.0.1:8765", **options}
        return TestClient(explore_app(explorer, host, token), **options)

    return client
