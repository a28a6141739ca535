"""The VQGAN tokenizer of taming-transformers (Esser et al. 2021): 256 tokens a picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray
from torch import Tensor

from mygo_cli.contracts import ImageTokenizer, TokenizerInfo, setting
from mygo_cli.errors import BackendError
from mygo_cli.files import expanded, file_sha256
from mygo_cli.weights.libraries import import_transformers
from mygo_cli.weights.loading import load_into, read_tensors, require
from mygo_plugins.image.pixels import centre_square

KIND = "a VQGAN of taming-transformers"
SIDE = 256
# Pictures at once: the first layers take 34 MB a picture and tensor, and a processor is nearly
# twice as fast on what its cache holds.
PART, PART_ON_CPU = 8, 1


@dataclass(frozen=True)
class VQGANOptions:
    """Where the weights are."""

    weights: str | None = setting(
        None, "Checkpoint file, such as that of vqgan_imagenet_f16_1024 or _16384."
    )


class VQGAN(ImageTokenizer):
    """VQGAN's encoder and the nearest of its codes.

    Runs on the encoder that transformers keeps for Chameleon, which is the same network. Every
    size is read from the checkpoint's shapes.
    """

    description = "VQGAN's encoder and codebook (pass the checkpoint with --image-weights)"
    Options = VQGANOptions

    def __init__(self, options: VQGANOptions, device: str) -> None:
        if options.weights is None:
            raise BackendError(
                "VQGAN's weights have no address to fetch them from.",
                "Take last.ckpt of vqgan_imagenet_f16_1024 or _16384 from the README of "
                "CompVis/taming-transformers and pass --image-weights FILE.",
            )
        path = expanded(options.weights)
        tensors = read_tensors(path)
        self.device = device
        self.model = _model(tensors, path).to(device)
        self.codes: Tensor = self.model.quantize.embedding.weight
        tokens = (SIDE >> (len(self.model.encoder.down) - 1)) ** 2
        vocab_size, dim = self.codes.shape
        self._info = TokenizerInfo(vocab_size, dim, tokens, file_sha256(path))

    @property
    def info(self) -> TokenizerInfo:
        """Sizes and identity: the digest of the checkpoint file."""
        return self._info

    def prepare(self, image: PIL.Image.Image) -> NDArray[np.float32]:
        """Return the centre of the picture: shorter side 256, cut to 256, scaled to [-1, 1]."""
        return centre_square(image, SIDE, SIDE)

    @torch.inference_mode()
    def encode(self, batch: Tensor) -> Tensor:
        """Return the nearest code of each cell, int64 (B, T).

        |z - c|^2 is least where z.c - |c|^2 / 2 is greatest: one matrix product.
        """
        batch = batch.to(self.device)
        parts = batch.split(PART_ON_CPU if batch.device.type == "cpu" else PART)
        return torch.cat([self._encode(pictures) for pictures in parts])

    def _encode(self, batch: Tensor) -> Tensor:
        grid = self.model.quant_conv(self.model.encoder(batch))
        cells = grid.flatten(2).transpose(1, 2).float()  # (B, T, dim)
        with torch.autocast(cells.device.type, enabled=False):  # bf16 would tie many codes
            return (cells @ self.codes.T - self.codes.square().sum(1) / 2).argmax(-1)

    def codebook(self) -> NDArray[np.float32]:
        """Return the codes, float32 (vocab_size, dim)."""
        return self.codes.cpu().numpy()


def _model(tensors: Mapping[str, Tensor], path: Path) -> Any:
    """Return transformers' network with these weights; it names its layers as taming does."""
    import_transformers()
    from transformers.models.chameleon.configuration_chameleon import ChameleonVQVAEConfig
    from transformers.models.chameleon.modeling_chameleon import ChameleonVQVAE

    model = ChameleonVQVAE(ChameleonVQVAEConfig(**_sizes(tensors, path)))
    load_into(model, tensors, path, KIND)
    return model


def _sizes(tensors: Mapping[str, Tensor], path: Path) -> dict[str, Any]:
    """Return the settings of the network, read from the names and shapes of its weights."""

    def width(key: str) -> int:
        return require(tensors, key, path, KIND).shape[0]

    names = " ".join(tensors)
    levels = 1 + max(map(int, re.findall(r"encoder\.down\.(\d+)\.block", names)), default=0)
    blocks = 1 + max(map(int, re.findall(r"encoder\.down\.0\.block\.(\d+)", names)), default=0)
    attending = sorted(map(int, set(re.findall(r"encoder\.down\.(\d+)\.attn", names))))
    base = width("encoder.conv_in.weight")
    codes, dim = require(tensors, "quantize.embedding.weight", path, KIND).shape
    return {
        "resolution": SIDE,
        "base_channels": base,
        "channel_multiplier": [
            width(f"encoder.down.{level}.block.0.conv1.weight") // base for level in range(levels)
        ],
        "num_res_blocks": blocks,
        "attn_resolutions": [SIDE >> level for level in attending],
        "latent_channels": width("encoder.conv_out.weight"),
        "embed_dim": dim,
        "num_embeddings": codes,
    }
