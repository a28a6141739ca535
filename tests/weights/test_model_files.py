"""A model's files come from a folder, the hub, or the hub's cache."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub.errors import HFValidationError

from mygo_cli.errors import BackendError
from mygo_cli.weights.model_files import model_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


def _raise(error: Exception) -> Any:
    def call(*_: object, **__: object) -> None:
        raise error

    return call


def test_folder(folder: Path) -> None:
    files = model_files(str(folder), "Way out.")
    assert files.find("config.json") == folder / "config.json"
    assert files.find("model.safetensors") is None


def test_hub_fetches_only_what_is_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [SimpleNamespace(rfilename=name) for name in ("config.json", "model.safetensors")]
    fetched = []

    def download(model: str, name: str) -> str:
        fetched.append((model, name))
        return str(folder / name)

    monkeypatch.setattr(
        huggingface_hub, "model_info", lambda *_, **__: SimpleNamespace(siblings=names)
    )
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    files = model_files("someone/model", "Way out.")
    assert files.find("tokenizer.json") is None
    assert files.find("config.json") == folder / "config.json"
    assert fetched == [("someone/model", "config.json")]


def test_download_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    info = SimpleNamespace(siblings=[SimpleNamespace(rfilename="a.bin")])
    monkeypatch.setattr(huggingface_hub, "model_info", lambda *_, **__: info)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", _raise(OSError("cut\noff")))
    with pytest.raises(BackendError, match=r"downloading a\.bin failed.*\(cut\)\. Way out\."):
        model_files("someone/model", "Way out.").find("a.bin")


def test_cache_answers_offline(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "model_info", _raise(ConnectionError("no network")))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(folder))
    assert model_files("someone/model", "Way out.").find("config.json") == folder / "config.json"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ConnectionError("no network"), r"the Hugging Face hub cannot be reached \(no network\)"),
        (HFValidationError("bad name"), "the Hugging Face hub has no such model"),
    ],
)
def test_neither_folder_nor_hub(
    error: Exception, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub, "model_info", _raise(error))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", _raise(FileNotFoundError()))
    with pytest.raises(BackendError, match=says) as caught:
        model_files("someone/model", "Way out.")
    assert str(caught.value).startswith("someone/model: no such folder, and")
    assert str(caught.value).endswith("Way out.")
