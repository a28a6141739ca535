"""Reading a language model's input embeddings out of its files, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from mygo_cli.errors import BackendError, DataError
from mygo_cli.weights.checkpoints import read_checkpoint
from mygo_cli.weights.model_files import ModelFiles

# How the families of transformers call the table, most telling name first.
TABLE_NAMES = (
    "word_embeddings.weight",  # BERT, RoBERTa, DeBERTa, ALBERT, DistilBERT, BLOOM
    "embed_tokens.weight",  # LLaMA, Mistral, Qwen, Gemma, OPT
    "tok_embeddings.weight",  # ModernBERT
    "wte.weight",  # GPT-2
    "embed_in.weight",  # GPT-NeoX
    "shared.weight",  # T5, BART
    "word_embedding.weight",  # XLNet
    "token_embedding.weight",  # CLIP's text side
    "transformer.embeddings.weight",  # XLM
)
SINGLE_FILES = ("model.safetensors", "pytorch_model.bin")
INDEX_FILES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")


def read_embedding_table(files: ModelFiles) -> NDArray[np.float32]:
    """Return the input embeddings, float32 (vocabulary, dim).

    Of a sharded model only the shard that holds the table is fetched, and of any file only the
    table is read into memory. Raises `BackendError` where the model has no such table.
    """
    for name in SINGLE_FILES:
        path = files.find(name)
        if path is not None:
            return _read_from(path)
    for name in INDEX_FILES:
        index = files.find(name)
        if index is not None:
            shard = _shard_with_table(index)
            path = files.find(shard)
            if path is None:
                raise BackendError(f"{index} names {shard}, which is missing beside it.")
            return _read_from(path)
    raise BackendError(
        f"{files.model} has no weights that can be read.",
        f"Expected is one of {', '.join(SINGLE_FILES + INDEX_FILES)}.",
    )


def _shard_with_table(index: Path) -> str:
    """Return the name of the file that holds the table, from the index of a sharded model."""
    try:
        shard_of: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        return shard_of[_table_key(shard_of, index)]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{index} is not the index of a sharded model.") from error


def _table_key(keys: Iterable[str], path: Path) -> str:
    """Return which of the tensors is the table, the least deeply nested where there are two."""
    names = sorted(keys, key=lambda key: (key.count("."), key))
    for ending in TABLE_NAMES:
        for key in names:
            if key == ending or key.endswith("." + ending):
                return key
    raise BackendError(
        f"{path} has no table of input embeddings.",
        f"Looked for {', '.join(ending.rpartition('.')[0] for ending in TABLE_NAMES)}.",
    )


def _read_from(path: Path) -> NDArray[np.float32]:
    """Return the table of one weights file."""
    table: Any
    if path.suffix == ".safetensors":
        try:
            with safe_open(str(path), framework="pt") as weights:
                table = weights.get_tensor(_table_key(weights.keys(), path))
        except (SafetensorError, OSError) as error:
            raise DataError(f"{path} is cut off, damaged or not safetensors.") from error
    else:
        tensors = read_checkpoint(path)
        table = tensors[_table_key(filter(_is_text, tensors), path)]
    return np.ascontiguousarray(table.float().numpy())


def _is_text(key: object) -> bool:
    return isinstance(key, str)
