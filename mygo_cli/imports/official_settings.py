"""The settings that the MyGO authors published for each dataset, as far as they are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mygo_cli.errors import UsageError
from mygo_cli.imports.official_state import OfficialState
from mygo_cli.model.options import ModelOptions
from mygo_cli.training.settings import DecoderSettings, TrainingSettings


@dataclass(frozen=True)
class Published:
    """What the commands of the published experiments say; the rest are their script's defaults."""

    heads: int = 2
    image_tokens: int = 8
    text_tokens: int = 8
    learning_rate: float = 5e-4
    structure_dropout: float = 0.9
    image_dropout: float = 0.4
    text_dropout: float = 0.1
    contrastive: float = 0.001


PUBLISHED: Mapping[str, Published] = {
    "DB15K": Published(
        text_tokens=4,
        learning_rate=1e-3,
        structure_dropout=0.6,
        image_dropout=0.3,
        contrastive=0.01,
    ),
    "MKG-W": Published(heads=4),
    "MKG-Y": Published(image_tokens=6, text_tokens=18),
}
EPOCHS = 1500
TUCKER = {"input_dropout": 0.3, "relation_dropout": 0.4, "output_dropout": 0.5}


def known_settings(
    dataset: str,
    checkpoint: OfficialState,
    heads: int | None,
    image_tokens: int | None,
    text_tokens: int | None,
) -> Published:
    """Return what a checkpoint does not hold: as given, else as in its name, else as published."""
    found = PUBLISHED.get(dataset, Published())
    given = {
        "heads": heads or checkpoint.named("num_head"),
        "image_tokens": image_tokens or checkpoint.named("max_vis_token"),
        "text_tokens": text_tokens or checkpoint.named("max_txt_token"),
    }
    return replace(found, **{name: value for name, value in given.items() if value})


def model_options(known: Published, checkpoint: OfficialState) -> ModelOptions:
    """Return the options of the checkpoint's model; raise `UsageError` where heads do not fit."""
    sizes = checkpoint.sizes
    if sizes["dim"] % known.heads:
        raise UsageError(
            f"{checkpoint.path} is {sizes['dim']} wide, no multiple of {known.heads} heads.",
            "Give the number that it was trained with: --heads",
        )
    return ModelOptions(
        dim=sizes["dim"],
        feed_forward=sizes["feed_forward"],
        heads=known.heads,
        entity_layers=sizes["entity_layers"],
        triple_layers=sizes["triple_layers"],
        dropout=0.01,
        structure_dropout=known.structure_dropout,
        image_dropout=known.image_dropout,
        text_dropout=known.text_dropout,
        token_dropout="token",
    )


def decoder_settings(checkpoint: OfficialState) -> DecoderSettings:
    """Return the decoder of the checkpoint's model."""
    options: dict[str, Any] = TUCKER if checkpoint.decoder == "tucker" else {}
    return DecoderSettings(checkpoint.decoder, dict(options))


def training_settings(known: Published, epochs: int, device: str) -> TrainingSettings:
    """Return how the authors train, for a run that is to be repeated with `mygo train`."""
    return TrainingSettings(
        epochs=epochs,
        batch_size=2048,
        learning_rate=known.learning_rate,
        schedule="cosine-restarts",
        restart_epochs=50,
        clip=0.1,
        label_smoothing=0.0,
        questions="coin-flip",
        contrastive=known.contrastive,
        contrastive_entities=512,
        device=device,
    )
