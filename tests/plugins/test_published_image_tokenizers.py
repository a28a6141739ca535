"""BEiT v2's and VQGAN's tokenizers agree with the published implementations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mygo_cli.errors import BackendError, DataError
from mygo_cli.testing import check_image_tokenizer
from mygo_cli.weights.checkpoints import read_checkpoint
from mygo_plugins.image import beitv2
from mygo_plugins.image.beitv2 import BeitV2, BeitV2Options
from mygo_plugins.image.vqgan import VQGAN, VQGANOptions

PARITY = Path(__file__).parents[1] / "data" / "parity"
CASES = [(BeitV2, BeitV2Options, "vqkd_tiny.pth"), (VQGAN, VQGANOptions, "vqgan_tiny.ckpt")]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize(("cls", "options", "file"), CASES)
def test_agrees_with_the_published_implementation(cls: Any, options: Any, file: str) -> None:
    tokenizer = cls(options(weights=str(PARITY / file)), "cpu")
    with np.load(PARITY / f"{Path(file).stem}.npz") as arrays:
        expected = dict(arrays)
    pictures = [Image.open(path) for path in sorted((PARITY / "images").iterdir())]
    batch = torch.from_numpy(np.stack([tokenizer.prepare(picture) for picture in pictures]))
    tokens = tokenizer.encode(batch)
    assert tokens.dtype == torch.int64
    assert (tokens.numpy() == expected["tokens"]).mean() >= 0.995
    assert torch.equal(tokenizer.encode(batch[:3]), tokens[:3])
    np.testing.assert_allclose(tokenizer.codebook(), expected["codebook"], atol=1e-4)
    info = tokenizer.info
    assert (info.vocab_size, info.dim) == expected["codebook"].shape
    assert info.max_tokens == tokens.shape[1]
    assert len(info.fingerprint) == 64


@pytest.mark.parametrize(("cls", "options", "file"), CASES)
def test_contract(cls: Any, options: Any, file: str) -> None:
    check_image_tokenizer(cls, options(weights=str(PARITY / file)))


@pytest.mark.parametrize(("cls", "options", "file"), CASES)
@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (3000, 7), (31, 400)])
def test_prepares_any_picture(cls: Any, options: Any, file: str, size: tuple[int, int]) -> None:
    tokenizer = cls(options(weights=str(PARITY / file)), "cpu")
    pixels = tokenizer.prepare(Image.new("RGB", size, (255, 0, 128)))
    assert pixels.dtype == np.float32
    assert pixels.shape[1] == pixels.shape[2]
    assert pixels[0].min() == 1
    assert pixels[1].max() == -1


@pytest.mark.parametrize(
    ("cls", "options", "file", "removed", "fault"),
    [
        (*CASES[0], "encoder.blocks.1.attn.q_bias", "it has no blocks.1.attn.q_bias"),
        (*CASES[0], "encoder.pos_embed", "it has no pos_embed"),
        (*CASES[0], "encode_task_layer.2.weight", "it has no 2.weight"),
        (*CASES[1], "quantize.embedding.weight", "it has no quantize.embedding.weight"),
        (*CASES[1], "encoder.mid.attn_1.q.bias", "it has no encoder.mid.attn_1.q.bias"),
    ],
)
def test_checkpoint_of_another_kind(
    tmp_path: Path, cls: Any, options: Any, file: str, removed: str, fault: str
) -> None:
    found = read_checkpoint(PARITY / file)
    tensors = found.get("state_dict") or found["model"]
    del tensors[removed]
    torch.save({"model": tensors}, tmp_path / "other.pth")
    with pytest.raises(BackendError, match=fault) as caught:
        cls(options(weights=str(tmp_path / "other.pth")), "cpu")
    assert str(caught.value).startswith(f"{tmp_path / 'other.pth'} does not hold a VQ")


def test_checkpoints_mixed_up() -> None:
    with pytest.raises(BackendError, match="does not hold a VQGAN"):
        VQGAN(VQGANOptions(str(PARITY / "vqkd_tiny.pth")), "cpu")
    with pytest.raises(BackendError, match="does not hold a VQ-KD tokenizer"):
        BeitV2(BeitV2Options(str(PARITY / "vqgan_tiny.ckpt")), "cpu")


def test_beitv2_with_sizes_that_do_not_fit(tmp_path: Path) -> None:
    found = read_checkpoint(PARITY / "vqkd_tiny.pth")["model"]
    found["encoder.pos_embed"] = found["encoder.pos_embed"][:, :-1].clone()
    torch.save(found, tmp_path / "other.pth")
    with pytest.raises(BackendError, match="196 positions do not fit"):
        BeitV2(BeitV2Options(str(tmp_path / "other.pth")), "cpu")


def test_missing_weights_file() -> None:
    for cls, options, _ in CASES:
        with pytest.raises(DataError, match="no such file"):
            cls(options(weights="none.pth"), "cpu")


def test_beitv2_fetches_the_released_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetch(*wanted: str) -> Path:
        asked.append(wanted)
        return PARITY / "vqkd_tiny.pth"

    monkeypatch.setattr(beitv2, "fetch", fetch)
    assert BeitV2(BeitV2Options(), "cpu").info.vocab_size == 512
    ((address, name, digest),) = asked
    assert address.endswith(f"/BEiT-v2/{name}")
    assert name.endswith(f"-{digest}.pth")


def test_vqgan_says_where_weights_are() -> None:
    with pytest.raises(BackendError, match=r"taming-transformers and pass --image-weights FILE"):
        VQGAN(VQGANOptions(), "cpu")
