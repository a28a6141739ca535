"""Checkpoints are read without running what they name, and bad ones cost one line."""

from __future__ import annotations

import argparse
import collections
import io
import os
import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mygo_cli.errors import DataError
from mygo_cli.weights.checkpoints import read_checkpoint, read_plain

PARITY = Path(__file__).parents[1] / "data" / "parity"


class Canary:
    """Writes a file when it is unpickled by anything that obeys the pickle."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"echo sung > {self.path}",)


@pytest.mark.parametrize("new_format", [True, False])
def test_malicious_pickle_is_inert(tmp_path: Path, new_format: bool) -> None:
    canary, path = tmp_path / "canary", tmp_path / "evil.pth"
    content = {"w": torch.arange(3.0), "evil": Canary(canary)}
    torch.save(content, path, _use_new_zipfile_serialization=new_format)
    found = read_checkpoint(path)
    assert torch.equal(found["w"], torch.arange(3.0))
    assert found["evil"] == f"<{os.system.__module__}.system>"
    assert not canary.exists()
    torch.load(path, weights_only=False)
    assert canary.exists(), "the canary must sing for a reader that obeys"


def test_malicious_pickle_without_tensors(tmp_path: Path) -> None:
    canary, path = tmp_path / "canary", tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps(Canary(canary)))
    with pytest.raises(DataError, match=r"evil\.pkl is cut off, damaged or not a checkpoint"):
        read_checkpoint(path)
    assert not canary.exists()


def test_pickle_that_assigns_to_what_it_finds(tmp_path: Path) -> None:
    """A pickle can set attributes on functions; those of torch must not be within its reach."""
    data = (
        b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n"
        b"N}X\x04\x00\x00\x00evilK\x01s\x86bcargparse\nNamespace\n0s."
    )
    path = tmp_path / "evil.pth"
    torch.save({}, path)
    with zipfile.ZipFile(path) as source:
        entries = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, data if name.endswith("data.pkl") else content)
    assert list(read_checkpoint(path)) == ["w"]
    assert not hasattr(torch._utils._rebuild_tensor_v2, "evil")


def test_objects_become_their_names(tmp_path: Path) -> None:
    path = tmp_path / "mixed.ckpt"
    content = {
        "args": argparse.Namespace(lr=0.1),
        argparse.Namespace: [1, (2.0, "three"), {4}],
        "score": np.float64(0.5),
        "array": np.arange(3),
        "counts": collections.defaultdict(list, {"a": [1]}),
        "path": Path("x"),
        "module": torch.nn.Linear(2, 2),
        "state": torch.nn.Linear(2, 2).state_dict(),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "dtype": torch.float16,
        "size": torch.Size([2]),
    }
    torch.save(content, path)
    found = read_checkpoint(path)
    assert found["args"] == "<argparse.Namespace>"
    assert found["<argparse.Namespace>"] == [1, (2.0, "three"), {4}]
    assert found["state"].keys() == {"weight", "bias"}
    assert type(found["state"]) is dict
    assert not found["parameter"].requires_grad
    assert found["dtype"] is torch.float16
    assert found["size"] == (2,)
    for key in ("score", "array", "counts", "path", "module"):
        assert isinstance(found[key], str)


def test_published_layouts() -> None:
    assert "encoder.cls_token" in read_checkpoint(PARITY / "vqkd_tiny.pth")["model"]
    lightning = read_checkpoint(PARITY / "vqgan_tiny.ckpt")
    assert "encoder.conv_in.weight" in lightning["state_dict"]
    name = "<pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint>"
    assert float(lightning["callbacks"][name]["best_model_score"]) == 0.5


def test_safetensors_and_plain_tensors(tmp_path: Path) -> None:
    save_file({"w": torch.ones(2)}, tmp_path / "a.safetensors")
    assert torch.equal(read_checkpoint(tmp_path / "a.safetensors")["w"], torch.ones(2))
    torch.save(torch.ones(2), tmp_path / "b.pth")
    assert torch.equal(read_plain(tmp_path / "b.pth"), torch.ones(2))
    with pytest.raises(DataError, match="holds a Tensor"):
        read_checkpoint(tmp_path / "b.pth")


def _saved() -> bytes:
    buffer = io.BytesIO()
    torch.save({"w": torch.arange(1000.0)}, buffer)
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "hello")
    return buffer.getvalue()


def _script() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("m/data.pkl", "m/constants.pkl"):
            archive.writestr(name, "hello")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n<!DOCTYPE html><html>Not found</html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
        (b"some text that is long enough", "is not a checkpoint: it begins with b'some text"),
        (_saved()[:-500], "cut off, damaged"),
        (_saved()[:300], "cut off, damaged"),
        (b"\x80\x02]q\x00.", "not a checkpoint"),
        (b"\x80", "not a checkpoint"),
        (_zip(), "is a zip archive"),
        (_script(), "TorchScript"),
        ((40).to_bytes(8, "little") + b'{"w": 1' + bytes(40), "cut off, damaged"),
    ],
)
def test_bad_files_cost_one_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        read_checkpoint(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("protocol", [2, 4])
def test_what_torch_warns_of_is_kept_back(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(pickle.dumps({"a": 1}, protocol))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with pytest.raises(DataError, match=r"w\.pt is cut off, damaged or not a checkpoint"):
            read_checkpoint(path)
    assert not said


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_checkpoint(tmp_path / "none.pth")
    with pytest.raises(DataError, match="is a folder"):
        read_checkpoint(tmp_path)
