"""The settings behind a checkpoint of the MyGO authors, as far as they are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mygo_cli.errors import UsageError
from mygo_cli.imports.official_state import OfficialState
from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.recipes import read_recipe
from mygo_cli.settings.sections import DecoderSettings, ModelOptions, Settings, TokenSettings

PUBLISHED: Mapping[str, str] = {
    "DB15K": "db15k-paper",
    "MKG-W": "mkg-w-paper",
    "MKG-Y": "mkg-y-paper",
}
# What their script has by default stands in the recipe of which least is published.
SCRIPT, SCRIPT_TOKENS = "mkg-y-paper", 8


def published_settings(dataset: str) -> Settings:
    """Return what was published for a dataset, else the defaults of the authors' script."""
    recipe = PUBLISHED.get(dataset, SCRIPT)
    settings = from_dict(Settings, read_recipe(recipe), recipe)
    if dataset in PUBLISHED:
        return settings
    return replace(settings, tokens=_keeping(settings.tokens, SCRIPT_TOKENS, SCRIPT_TOKENS))


def known_settings(
    dataset: str,
    checkpoint: OfficialState,
    heads: int | None,
    image_tokens: int | None,
    text_tokens: int | None,
) -> Settings:
    """Return the settings with which `mygo train` would train a checkpoint's model.

    What the checkpoint does not hold is as given, else as in its name, else as published. Raises
    `UsageError` where the heads do not fit its width.
    """
    published = published_settings(dataset)
    tokens = _keeping(
        published.tokens,
        image_tokens or checkpoint.named("max_vis_token"),
        text_tokens or checkpoint.named("max_txt_token"),
    )
    return replace(
        published,
        tokens=tokens,
        model=_model(published.model, checkpoint, heads or checkpoint.named("num_head") or None),
        decoder=_decoder(published.decoder, checkpoint.decoder),
        training=replace(published.training, epochs=checkpoint.epoch or published.training.epochs),
    )


def _keeping(tokens: TokenSettings, image: int | None, text: int | None) -> TokenSettings:
    """Return settings that keep so many tokens, as many as before where a number is not known."""
    return replace(
        tokens,
        image=replace(tokens.image, keep=image or tokens.image.keep),
        text=replace(tokens.text, keep=text or tokens.text.keep),
    )


def _model(published: ModelOptions, checkpoint: OfficialState, heads: int | None) -> ModelOptions:
    sizes, heads = checkpoint.sizes, heads or published.heads
    if sizes["dim"] % heads:
        raise UsageError(
            f"{checkpoint.path} is {sizes['dim']} wide, no multiple of {heads} heads.",
            "Give the number that it was trained with: --heads",
        )
    return replace(
        published,
        dim=sizes["dim"],
        feed_forward=sizes["feed_forward"],
        heads=heads,
        entity_layers=sizes["entity_layers"],
        triple_layers=sizes["triple_layers"],
    )


def _decoder(published: DecoderSettings, name: str) -> DecoderSettings:
    return published if name == published.name else DecoderSettings(name)
