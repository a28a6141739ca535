"""Sentences to vectors: the mean of a language model's outputs, scaled to length 1."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file

from mygo_cli.errors import BackendError, DataError
from mygo_cli.weights.libraries import import_transformers
from mygo_cli.weights.model_files import ModelFiles

PIECES = 128  # word pieces read of a sentence, as in the training of the packaged model
AT_ONCE = 32


def sentence_model_files(files: ModelFiles, way_out: str) -> tuple[Path, Path]:
    """Return `config.json` and the weights of a model; raise `BackendError` where one is missing.

    Weights are safetensors only, which run nothing when they are read.
    """
    found = files.find("config.json"), files.find("model.safetensors")
    if found[0] is None or found[1] is None:
        missing = "config.json" if found[0] is None else "model.safetensors"
        raise BackendError(f"{files.model} has no {missing}.", way_out)
    return found[0], found[1]


def width_of(config: Path) -> int:
    """Return the width of a model's outputs, from its `config.json`."""
    try:
        return int(json.loads(config.read_text(encoding="utf-8"))["hidden_size"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{config} does not say the model's hidden_size.") from error


class SentenceEncoder:
    """A frozen language model with mean pooling (Reimers and Gurevych 2019).

    `tokenizer` is one of the library tokenizers, without padding and truncation.
    """

    def __init__(self, config: Path, weights: Path, tokenizer: Any, device: str) -> None:
        self._tokenizer = tokenizer
        self._device = torch.device(device)
        self._model = _model(config, weights).to(self._device)

    def vectors(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Return a vector of length 1 for each of S sentences, float32 (S, dim).

        Sentences of about the same length are read together. The company moves the last bits.
        """
        ids = [self._ids(sentence) for sentence in sentences]
        order = np.argsort([len(each) for each in ids], kind="stable")
        parts = [order[start : start + AT_ONCE] for start in range(0, len(order), AT_ONCE)]
        vectors = np.zeros((len(ids), self._model.config.hidden_size), dtype=np.float32)
        for part in parts:
            vectors[part] = self._pooled([ids[row] for row in part])
        return vectors

    def _ids(self, sentence: str) -> list[int]:
        """Return word pieces between the model's marks of beginning and end."""
        every: list[int] = self._tokenizer.encode(sentence).ids
        return every if len(every) <= PIECES else [*every[: PIECES - 1], every[-1]]

    @torch.inference_mode()
    def _pooled(self, ids: list[list[int]]) -> NDArray[np.float32]:
        width = max(map(len, ids))
        padded = torch.tensor([each + [0] * (width - len(each)) for each in ids])
        mask = torch.tensor([[1] * len(each) + [0] * (width - len(each)) for each in ids])
        padded, mask = padded.to(self._device), mask.to(self._device)
        outputs = self._model(input_ids=padded, attention_mask=mask).last_hidden_state
        mean = (outputs * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        pooled: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=-1).cpu().numpy()
        return pooled


def _model(config: Path, weights: Path) -> Any:
    """Return the model with its weights; raise `BackendError` where they do not fit."""
    transformers = import_transformers()
    try:
        settings = transformers.AutoConfig.from_pretrained(config.parent, trust_remote_code=False)
        model = transformers.AutoModel.from_config(settings, trust_remote_code=False)
        tensors = load_file(weights)
    except SafetensorError as error:
        raise DataError(f"{weights} is cut off, damaged or not safetensors.") from error
    except Exception as error:  # the library raises bare exceptions
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise BackendError(
            f"{config.parent} holds no model that can be made: {lines[0]}."
        ) from error
    model.pooler = None  # not read, and not every model has one
    prefix = f"{model.base_model_prefix}."
    named = {key.removeprefix(prefix): tensor for key, tensor in tensors.items()}
    wanted = model.state_dict()
    for key, tensor in wanted.items():
        if key not in named or named[key].shape != tensor.shape:
            raise BackendError(f"{weights} does not fit {config}: its {key} is missing or another.")
    model.load_state_dict({key: named[key] for key in wanted})
    return model.eval().requires_grad_(False)
