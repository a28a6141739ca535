"""The Python and TOML on the pages run, and the example plugin is printed as it is."""

from __future__ import annotations

import dataclasses
import importlib
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

import mygo_cli
from mygo_cli.contracts import LoggedRun
from mygo_cli.experiments.definition import ExperimentFile, read_experiment
from mygo_cli.folders import world_folder
from mygo_cli.graph.reading import read_graph
from mygo_cli.settings.sections import (
    DataSettings,
    DecoderSettings,
    ModelOptions,
    Settings,
    TrainingSettings,
)
from mygo_cli.tokenizing.job import Job, tokenize_with
from mygo_cli.tokenizing.plugins import NamedTokenizer
from mygo_cli.training.run import train_run

DOCS = Path(__file__).parents[2] / "docs"
PLUGIN = DOCS / "example_plugin"


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of one language, in order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def run(snippets: list[str]) -> dict[str, Any]:
    """Run snippets one after the other, as a reader would, and return their names."""
    names: dict[str, Any] = {"__name__": "snippet"}
    for snippet in snippets:
        exec(compile(snippet, "snippet", "exec"), names)
    return names


@pytest.fixture
def colour_words(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module of the example plugin, imported from its folder."""
    monkeypatch.syspath_prepend(PLUGIN)
    import mygo_colour_words

    yield mygo_colour_words
    sys.modules.pop("mygo_colour_words")


def test_a_cache_is_read_as_described(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    colour_words: Any,
) -> None:
    monkeypatch.chdir(tmp_path)
    tokenizer = colour_words.ColourWords(colour_words.ColourWordsOptions(grid=4), "cpu")
    named = NamedTokenizer(tokenizer, "colour-words")
    tokenize_with(read_graph(world_folder()), named, Job(Path("mygo-work/cache")))
    names = run(blocks("caches.md", "python"))
    shown = capsys.readouterr().out
    assert "kenya/flag.png [" in shown
    assert "(5, 3)" in shown
    kept = names["table"].mask[names["row"]].sum()
    assert kept == 8


def test_a_run_is_read_as_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "train.txt").write_text("a\tr\tb\nb\tr\tc\nc\tr\ta\n")
    settings = Settings(
        data=DataSettings(folder="tiny"),
        model=ModelOptions(dim=8, feed_forward=8, heads=2),
        decoder=DecoderSettings("dot"),
        training=TrainingSettings(epochs=1, device="cpu"),
    )
    caches, runs = Path("mygo-work/cache"), Path("mygo-work/runs")
    train_run(settings, Path(settings.data.folder), caches, runs)
    names = run(blocks("runs.md", "python"))
    shown = capsys.readouterr().out
    assert "mygo-checkpoint 1 1 None" in shown
    assert "tiny torch.Size([3, 8]) torch.Size([1, 8])" in shown
    keys = set(re.findall(r"`(\w+)`", _rows("runs.md", "both") + _rows("runs.md", "best.pt")))
    assert set(names["best"]) <= keys


def write_part_of_world(folder: Path) -> None:
    """Write what the built-in graph says of who grows what, with the pictures of 40 entities."""
    world = world_folder()
    (folder / "images").mkdir(parents=True)
    for split, most in (("train", 400), ("valid", 40), ("test", 40)):
        lines = (world / f"{split}.txt").read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if "\tgrows\t" in line][:most]
        (folder / f"{split}.txt").write_text("".join(kept), encoding="utf-8")
    for pictures in sorted((world / "images").iterdir())[:40]:
        shutil.copytree(pictures, folder / "images" / pictures.name)
    shutil.copy(world / "descriptions.tsv", folder)


@pytest.mark.slow
def test_the_python_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MYGO_WORK", raising=False)
    write_part_of_world(tmp_path / "my-graph")
    names = run(blocks("python.md", "python"))
    shown = capsys.readouterr().out
    assert "(kenya, grows, ?)" in shown
    assert "train: " in shown
    assert "Did you mean kenya" in shown
    assert len(names["facts"]) == 100
    assert names["scores"].shape == (2,)
    assert names["kenya"].shape == (96,)
    assert len(names["losses"]) == 50
    assert names["small"].has_tokens("image") is None
    assert names["again"].settings == names["small"].settings
    assert Path("scores.tsv").exists()


def test_the_reference_lists_what_is_exported() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    for name in mygo_cli.__all__:
        assert f"::: {mygo_cli.HOMES[name]}.{name}\n" in page
    named = re.findall(r"^::: (mygo_cli\.[\w.]+)\.(\w+)$", page, flags=re.MULTILINE)
    assert len(named) > 15
    for module, name in named:
        found = getattr(importlib.import_module(module), name)
        assert getattr(found, "__doc__", None)


def _rows(page: str, word: str) -> str:
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if line.startswith("|") and f"| {word} |" in line)


def test_the_experiments_of_the_page_are_experiments(tmp_path: Path) -> None:
    first, second = blocks("experiments.md", "toml")
    rows = []
    for text in (first, second):
        (tmp_path / "page.toml").write_text(text, encoding="utf-8")
        rows.append([each.name for each in read_experiment(tmp_path / "page.toml").variants])
    assert rows[0] == ["distmult", "dot"]
    assert rows[1][0] == "BEiT v2, max_images=1"
    assert len(rows[1]) == 6
    keys = {f"`{field.name}`" for field in dataclasses.fields(ExperimentFile)}
    page = (DOCS / "experiments.md").read_text(encoding="utf-8").replace("[", "").replace("]", "")
    assert not [key for key in keys if key not in page]


def test_the_plugin_page_prints_the_plugin(
    colour_words: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin, test, decoder, logger = blocks("plugins.md", "python")
    assert plugin == (PLUGIN / "mygo_colour_words.py").read_text(encoding="utf-8")
    assert blocks("plugins.md", "toml") == [(PLUGIN / "pyproject.toml").read_text(encoding="utf-8")]
    run([test, "test_contract()"])
    assert run([decoder])["Cosine"].description == "cosine of context and entity"
    beep = run([logger])["Beep"](LoggedRun(tmp_path, "a_run", {}, 0))
    beep.log(1, {"loss": 2.0})
    beep.log(2, {"loss": 1.0, "validation_mrr": 0.25})
    beep.close({"test/mrr": 0.5})
    assert capsys.readouterr().out == "\a a_run 2 0.25\n0.5\n"
