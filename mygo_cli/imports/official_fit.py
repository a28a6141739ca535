"""Whether a checkpoint of the MyGO authors fits its dataset, and its parameters each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mygo_cli.cache.finding import IMAGE, TEXT
from mygo_cli.errors import DataError
from mygo_cli.imports.official_state import (
    IMAGE_CODES,
    TEXT_CODES,
    OfficialState,
    their_name,
    translate_state,
    wrong_shape,
)
from mygo_cli.settings.sections import Settings
from mygo_cli.tokens.selection import TokenTable

if TYPE_CHECKING:
    from torch import Tensor, nn

CODES = {IMAGE: IMAGE_CODES, TEXT: TEXT_CODES}
CHECK_DATASET = "Is it a model of another dataset? --dataset names it."


def check_fits(
    checkpoint: OfficialState, where: Path, entities: Sequence[str], relations: Sequence[str]
) -> None:
    """Raise `DataError` where a checkpoint knows another number of entities or relations.

    `where` is the folder that lists them.
    """
    counts = {
        "ent_embeddings": ("entities", len(entities)),
        "rel_embeddings": ("relations", len(relations)),
    }
    for name, (what, count) in counts.items():
        rows = len(checkpoint.state[name])
        if rows != count:
            raise DataError(
                f"{checkpoint.path}: {name} has {rows:,} rows, and {where / what}.txt lists "
                f"{count:,} {what}.",
                CHECK_DATASET,
            )


def check_parameters(checkpoint: OfficialState, known: Settings) -> None:
    """Raise `DataError` for a parameter that is missing or of another shape.

    `known` describes the model. Its codebooks are tables already, as `as_codebook` says.
    """
    parameters = translate_state(checkpoint.state)
    for name, value in parameters_of(_empty_model(checkpoint, known)).items():
        if name not in parameters:
            raise DataError(f"{checkpoint.path} holds no {their_name(name)}.")
        found = parameters[name]
        if found.shape != value.shape:
            raise wrong_shape(checkpoint.path, their_name(name), found.shape, value.shape)


def parameters_of(model: nn.Module) -> dict[str, Tensor]:
    """Return what a checkpoint holds of a model: its parameters, and its decoder's buffers."""
    buffers = {name: value for name, value in model.named_buffers() if name.startswith("decoder.")}
    return {**dict(model.named_parameters()), **buffers}


def _empty_model(checkpoint: OfficialState, known: Settings) -> nn.Module:
    """Return a model of the checkpoint's sizes that takes no memory; no entity has a token."""
    import torch

    from mygo_cli.model.mygo import MyGO
    from mygo_cli.runs.assemble import make_decoder

    state = checkpoint.state
    entities, relations = len(state["ent_embeddings"]), len(state["rel_embeddings"])
    image, text = (_empty_table(entities, state[CODES[name]].shape[1]) for name in (IMAGE, TEXT))
    with torch.device("meta"):
        decoder = make_decoder(known.decoder, known.model.dim)
        return MyGO(entities, relations, image, text, decoder, known.model)


def _empty_table(num_entities: int, dim: int) -> TokenTable:
    """Return the token table of entities that have no token, embeddings `dim` wide."""
    ids = np.zeros((num_entities, 1), dtype=np.int64)
    return TokenTable(ids, ids > 0, np.zeros((1, dim), dtype=np.float32), np.array([-1]))
