"""What Tab offers, as a shell asks for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
import typer.main
from small_world import CROPS

from mygo_cli.app import app


@pytest.fixture
def offered(monkeypatch, capsys, tmp_path):
    """Return a function that says what bash would offer for the last of these words."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MYGO_WORK", raising=False)

    def ask(*words):
        monkeypatch.setenv("_MYGO_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", "\n".join(["mygo", *map(str, words)]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        with pytest.raises(SystemExit):
            typer.main.get_command(app).main([], prog_name="mygo")
        found = capsys.readouterr()
        assert found.err == ""
        return found.out.splitlines()

    return ask


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["rank", "--head", "ken"], ["kenya"]),
        (["rank", "--tail", "KEN"], ["kenya"]),
        (["rank", "--head", "New\\ Z"], ["New\\ Zealand"]),
        (["rank", "--head", '"New Z'], ["New Zealand"]),
        (["rank", "--relation", "g"], ["grows"]),
        (["explain", "--relation", ""], ["borders", "grows", "likes"]),
        (["complete", "--entity", "t"], ["tea", "togo"]),
        (["score", "ken"], ["kenya"]),
        (["score", "kenya", "gr"], ["grows"]),
        (["score", "kenya", "grows", "te"], ["tea"]),
    ],
)
def test_names_of_the_graph(offered, world, words, expected):
    found = offered(words[0], "--data", world, *words[1:])
    assert sorted(word for word in found if word) == expected


def test_names_are_those_of_the_run(offered, trained):
    (run,) = trained.iterdir()
    crops = offered("rank", "--runs-dir", trained, "--head", "c")
    assert set(crops) - {"chad", "cuba"} == {crop for crop in CROPS if crop.startswith("c")}
    assert offered("rank", "--run", run, "--head", "ken") == ["kenya"]
    assert offered("evaluate", "--runs-dir", trained, "--run", "") == [run.name]
    assert offered("compare", "--runs-dir", trained, run.name[:4]) == [run.name]


def test_csv_gzip_and_no_list_of_entities(offered, world, tmp_path):
    folder = tmp_path / "packed"
    folder.mkdir()
    lines = (world / "train.txt").read_text().replace("\t", ",").replace("kenya", '"ken, ya"')
    (folder / "train.csv").write_text("\ufeff" + lines, encoding="utf-8")
    subprocess.run(["gzip", folder / "train.csv"], check=True)
    assert offered("rank", "--data", folder, "--head", "ken") == ["ken,\\ ya"]
    assert offered("rank", "--data", folder, "--relation", "gr") == ["grows"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["train", "--decoder", "dist"], "distmult"),
        (["tokenize", "--image-backend", "vis"], "visual-words"),
        (["train", "--recipe", "wor"], "world"),
        (["recipes", "abl"], "ablation"),
        (["experiment", "abl"], "ablation"),
    ],
)
def test_what_comes_with_mygo(offered, words, expected):
    assert offered(*words) == [expected]


def test_whatever_is_wrong_offers_nothing_and_says_nothing(offered, copied, tmp_path):
    assert not any(offered("rank", "--data", tmp_path / "nowhere", "--head", "a"))
    (tmp_path / "train.txt").write_bytes(b"\xff\xfe\x00half a line\n\n\tb\t\n")
    assert not any(offered("rank", "--data", tmp_path, "--head", "a"))
    (run,) = copied.iterdir()
    (run / "config.toml").write_text("[broken")
    assert not any(offered("rank", "--runs-dir", copied, "--head", "a"))


def test_nothing_heavy_is_imported(world):
    code = (
        "import sys\n"
        "from mygo_cli.app import app\n"
        "try:\n    app(prog_name='mygo')\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)"
    )
    words = ["mygo", "rank", "--data", str(world), "--head", "ken"]
    asking = {"_MYGO_COMPLETE": "complete_bash", "COMP_CWORD": str(len(words) - 1)}
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **asking, "COMP_WORDS": "\n".join(words)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == "kenya\n"
    assert not {"torch", "numpy", "h5py", "PIL", "rich.table"} & set(ended.stderr.split())


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_in_bash_itself(tmp_path, world):
    """The script that `--show-completion` gives, asked as readline asks it."""
    command = tmp_path / "mygo"
    command.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "from mygo_cli.app import app; '
        'app(prog_name=\'mygo\')" "$@"\n'
    )
    command.chmod(0o755)
    script = (
        "source <(mygo --show-completion bash)\n"
        f"COMP_WORDS=(mygo rank --data {world} --head 'south\\ k'); COMP_CWORD=5\n"
        "_mygo_completion mygo; printf '%s' \"${COMPREPLY[@]}\""
    )
    path = f"{tmp_path}:{os.environ['PATH']}"
    said = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "South\\ Korea"
