"""The VQ-KD tokenizer of BEiT v2 (Peng et al. 2022): 196 tokens out of 8,192 a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from mygo_cli.contracts import ImageTokenizer, TokenizerInfo, setting
from mygo_cli.files import expanded, file_sha256
from mygo_cli.weights.download import fetch
from mygo_cli.weights.libraries import import_timm
from mygo_cli.weights.loading import load_into, read_tensors, require, under, wrong_kind
from mygo_plugins.image.pixels import centre_square

RELEASED = "vqkd_encoder_base_decoder_1x768x12_clip-d93179da.pth"
ADDRESS = f"https://github.com/addf400/files/releases/download/BEiT-v2/{RELEASED}"
KIND = "a VQ-KD tokenizer of BEiT v2"
HEAD_WIDTH = 64
MARGIN = 256 / 224


@dataclass(frozen=True)
class BeitV2Options:
    """Where the weights are."""

    weights: str | None = setting(None, "Checkpoint file; default: the released one, fetched once.")


class BeitV2(ImageTokenizer):
    """BEiT v2's visual tokenizer: a ViT, a projection, and the nearest of l2-normalised codes.

    Every size is read from the checkpoint's shapes, so any checkpoint of this kind can be used.
    """

    description = "BEiT v2's VQ-KD tokenizer, as in the paper (weights are fetched once)"
    Options = BeitV2Options

    def __init__(self, options: BeitV2Options, device: str) -> None:
        path = expanded(options.weights or fetch(ADDRESS, RELEASED, "d93179da"))
        tensors = read_tensors(path)
        self.device = device
        self.encoder = _encoder(tensors, path).to(device)
        self.project = _projection(tensors, path).to(device)
        codes = require(tensors, "quantize.embedding.weight", path, KIND).float()
        self.codes = normalize(codes, dim=-1).to(device)
        self.side: int = self.encoder.patch_embed.img_size[0]
        patches: int = self.encoder.patch_embed.num_patches
        vocab_size, dim = self.codes.shape
        self._info = TokenizerInfo(vocab_size, dim, patches, file_sha256(path))

    @property
    def info(self) -> TokenizerInfo:
        """Sizes and identity: the digest of the checkpoint file."""
        return self._info

    def prepare(self, image: PIL.Image.Image) -> NDArray[np.float32]:
        """Return the centre of the picture: shorter side 256, cut to 224, scaled to [-1, 1]."""
        return centre_square(image, round(self.side * MARGIN), self.side)

    @torch.inference_mode()
    def encode(self, batch: Tensor) -> Tensor:
        """Return the code of each patch, int64 (B, T): the one of the largest cosine."""
        hidden = self.encoder.forward_features(batch.to(self.device))  # (B, 1 + T, D)
        patches = self.project(self.encoder.fc_norm(hidden[:, 1:])).float()
        with torch.autocast(patches.device.type, enabled=False):  # bf16 would tie many codes
            return (normalize(patches, dim=-1) @ self.codes.T).argmax(-1)

    def codebook(self) -> NDArray[np.float32]:
        """Return the l2-normalised codes, float32 (vocab_size, dim)."""
        return self.codes.cpu().numpy()


def _encoder(tensors: Mapping[str, Tensor], path: Path) -> Any:
    """Return timm's BEiT with the weights of the encoder, its sizes read from their shapes."""
    found = under("encoder.", tensors)
    patches = require(found, "patch_embed.proj.weight", path, KIND)
    positions = require(found, "pos_embed", path, KIND)
    inner = require(found, "blocks.0.mlp.fc1.weight", path, KIND)
    dim, channels, patch, _ = patches.shape
    grid = math.isqrt(positions.shape[1] - 1)
    if dim % HEAD_WIDTH or grid * grid != positions.shape[1] - 1:
        raise wrong_kind(path, KIND, f"width {dim} or {positions.shape[1]} positions do not fit")
    import_timm()
    from timm.models.beit import Beit

    encoder = Beit(
        img_size=grid * patch,
        patch_size=patch,
        in_chans=channels,
        embed_dim=dim,
        depth=len({key.split(".")[1] for key in found if key.startswith("blocks.")}),
        num_heads=dim // HEAD_WIDTH,
        mlp_ratio=inner.shape[0] / dim,
        num_classes=0,
    )
    load_into(encoder, found, path, KIND)
    return encoder


def _projection(tensors: Mapping[str, Tensor], path: Path) -> nn.Module:
    """Return the layers between the encoder and the codes: linear, tanh, linear."""
    found = under("encode_task_layer.", tensors)
    middle, dim = require(found, "0.weight", path, KIND).shape
    width = require(found, "2.weight", path, KIND).shape[0]
    project = nn.Sequential(nn.Linear(dim, middle), nn.Tanh(), nn.Linear(middle, width))
    load_into(project, found, path, KIND)
    return project
