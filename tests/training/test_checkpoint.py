"""A checkpoint is whole or the one before it; what cannot be read costs one line."""

from __future__ import annotations

import random
import zipfile
from collections import OrderedDict
from contextlib import suppress

import pytest
import torch

from mygo_cli.errors import DataError
from mygo_cli.runs import checkpoint
from mygo_cli.runs.checkpoint import load_checkpoint, save_checkpoint

CONTENT = {
    "model": OrderedDict(weight=torch.arange(6.0).view(2, 3), steps=torch.tensor(3)),
    "epoch": 4,
    "mrr": None,
    "names": ["a", "b"],
    "stopper": {"best": 0.25},
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "last.pt"
    save_checkpoint(path, CONTENT)
    return path


def one_line(path, **arguments):
    """Return the message of the one-line `DataError` that loading raises."""
    with pytest.raises(DataError) as caught:
        load_checkpoint(path, **arguments)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_round_trip(path):
    content = load_checkpoint(path, ("model", "epoch"))
    assert torch.equal(content["model"]["weight"], CONTENT["model"]["weight"])
    assert {key: content[key] for key in ("epoch", "mrr", "names", "stopper")} == {
        key: CONTENT[key] for key in ("epoch", "mrr", "names", "stopper")
    }
    assert content["format"] == "mygo-checkpoint"
    assert [file.name for file in path.parent.iterdir()] == ["last.pt"]


def test_a_loaded_file_may_be_replaced(path):
    content = load_checkpoint(path)
    save_checkpoint(path, {"model": {"weight": torch.zeros(2, 3)}})
    assert content["model"]["weight"].sum() == 15
    assert load_checkpoint(path)["model"]["weight"].sum() == 0


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("unexpected pos 64 vs 0")]
)
def test_a_failing_write_leaves_the_old_file(path, monkeypatch, error):
    def half_written(content, file):
        file.write(b"half of it")
        raise error

    before = path.read_bytes()
    monkeypatch.setattr(checkpoint.torch, "save", half_written)
    with pytest.raises(DataError, match=r"last\.pt cannot be written: .*(No space|disk full)"):
        save_checkpoint(path, {"epoch": 5})
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["last.pt"]


def test_a_kill_while_writing_leaves_the_old_file(path, monkeypatch):
    def killed(content, file):
        file.write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint.torch, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(path, {"epoch": 5})
    assert load_checkpoint(path)["epoch"] == 4
    monkeypatch.undo()
    save_checkpoint(path, {"epoch": 6})  # over what the kill left behind
    assert load_checkpoint(path)["epoch"] == 6


def test_no_folder_to_write_to(tmp_path):
    with pytest.raises(DataError, match="cannot be written: No such file or directory"):
        save_checkpoint(tmp_path / "nowhere" / "last.pt", CONTENT)


def test_missing(tmp_path):
    assert "no such checkpoint" in one_line(tmp_path / "last.pt")


def test_a_folder_in_its_place(tmp_path):
    assert "cannot be read" in one_line(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x00" * 99, b"PK\x03\x04 not a zip", b"text\n" * 50])
def test_other_files(tmp_path, content):
    path = tmp_path / "last.pt"
    path.write_bytes(content)
    assert "damaged or no checkpoint" in one_line(path)


def test_cut_off_or_overwritten(path):
    whole = path.read_bytes()
    for share in (0.1, 0.5, 0.9, 0.999):
        path.write_bytes(whole[: int(share * len(whole))])
        assert "damaged or no checkpoint" in one_line(path)


@pytest.mark.parametrize("seed", range(60))
def test_flipped_bytes_raise_nothing_else(path, seed):
    chance, damaged = random.Random(seed), bytearray(path.read_bytes())
    for _ in range(3):
        damaged[chance.randrange(len(damaged))] ^= chance.randrange(1, 256)
    path.write_bytes(damaged)
    with suppress(DataError):  # or nothing: not every byte of the file means something
        load_checkpoint(path, CONTENT)


def flipped(path, of):
    """Flip a bit of a tensor in a file."""
    content = bytearray(path.read_bytes())
    content[content.find(of.numpy().tobytes()) + 3] ^= 64
    path.write_bytes(content)


def test_a_flipped_bit_of_a_tensor_is_found(path):
    flipped(path, CONTENT["model"]["weight"])
    assert "the checksum of" in one_line(path)
    assert load_checkpoint(path, ["epoch"], tensors=False)["epoch"] == 4


def test_a_loaded_file_may_shrink(path):
    content = load_checkpoint(path)
    path.write_bytes(b"")
    assert content["model"]["weight"].sum() == 15


def test_a_packed_archive_is_refused(path):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert "is packed" in one_line(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", {3: torch.zeros(1)}),
        ("model", {"weight": "x"}),
        ("graph", {}),
        ("epoch", -1),
        ("stopper", None),
        ("entity_vectors", torch.zeros(2, 2).double()),
        ("relation_vectors", torch.zeros(2)),
    ],
)
def test_an_entry_of_another_kind(path, name, value):
    save_checkpoint(path, {name: value})
    assert f"{name} is not what mygo writes" in one_line(path, needed=[name])


def test_a_checkpoint_of_someone_else(tmp_path):
    path = tmp_path / "model.pt"
    torch.save({"model": {}}, path)
    assert "is no checkpoint of mygo" in one_line(path)
    torch.save([1, 2], path)
    assert "is no checkpoint of mygo" in one_line(path)


def test_nothing_that_the_file_names_is_run(tmp_path):
    path = tmp_path / "evil.pt"

    class Evil:
        def __reduce__(self):
            return (path.with_name("harm").mkdir, ())

    torch.save({"format": "mygo-checkpoint", "version": 1, "model": Evil()}, path)
    assert "damaged or no checkpoint" in one_line(path)
    assert not path.with_name("harm").exists()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"version": 2}, "has checkpoint version 2; this mygo reads 1."),
        ({}, "is damaged: it has no version."),
        ({"version": torch.zeros(3, 2)}, "is damaged: it has no version."),
    ],
)
def test_another_version(tmp_path, content, expected):
    path = tmp_path / "last.pt"
    torch.save({"format": "mygo-checkpoint", **content}, path)
    assert expected in one_line(path)


def test_parts_that_are_needed(path):
    message = one_line(path, needed=("model", "optimizer", "graph"))
    assert "holds no graph, optimizer." in message
