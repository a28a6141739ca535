"""Build our model from a parity case: the published implementation's weights and inputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mygo_cli.contracts import NoOptions
from mygo_cli.imports.official_state import translate_state
from mygo_cli.model.mygo import MyGO
from mygo_cli.settings.sections import ModelOptions
from mygo_cli.tokens.selection import TokenTable
from mygo_plugins.decoder.dot import Dot
from mygo_plugins.decoder.tucker import TuckER, TuckEROptions

PARITY = Path(__file__).parents[1] / "data" / "parity"


def load_case(name: str, dropout: float = 0.0) -> tuple[MyGO, dict[str, Any]]:
    """Return the model with the case's weights, and the case's arrays."""
    with np.load(PARITY / f"{name}.npz") as file:
        case = dict(file)
    sizes = json.loads((PARITY / f"{name}.json").read_text())
    options = ModelOptions(
        dim=sizes["dim"],
        feed_forward=sizes["hidden_dim"],
        heads=sizes["num_heads"],
        entity_layers=sizes["num_layers_entity_encoder"],
        triple_layers=sizes["num_layers_triple_encoder"],
        dropout=dropout,
        structure_dropout=dropout,
        image_dropout=dropout,
        text_dropout=dropout,
        expert_dim=0,
    )
    decoder: torch.nn.Module
    if sizes["score_function"] == "tucker":
        decoder = TuckER(sizes["dim"], TuckEROptions(dropout, 0.0, dropout, dropout))
    else:
        decoder = Dot(sizes["dim"], NoOptions())
    tables = [
        TokenTable(
            ids=case[f"{kind}_tokens"],
            mask=~case[f"{kind}_pad"],
            codes=case[f"{kind}_codebook"],
            vocabulary=np.arange(len(case[f"{kind}_codebook"])),
        )
        for kind in ("vis", "txt")
    ]
    model = MyGO(sizes["num_entities"], sizes["num_relations"], *tables, decoder, options)
    checkpoint = torch.load(PARITY / f"{name}.ckpt", weights_only=True)
    missing, unexpected = model.load_state_dict(
        translate_state(checkpoint["model_state_dict"]), strict=False
    )
    assert not unexpected
    assert all(name.endswith((".ids", ".mask")) for name in missing)
    return model, case
