"""What a recipe, a settings file and typed options together ask for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mygo_cli import config
from mygo_cli.recipes.reading import read_recipe, read_settings
from mygo_cli.training.overlay import completed, laid_over
from mygo_cli.training.settings import Settings


def resolve(
    config_file: Path | None,
    given: Mapping[str, Mapping[str, Any]],
    decoder_options: list[str],
    recipe: str | None = None,
) -> Settings:
    """Return the settings of a recipe, overruled by a file, overruled by the options typed."""
    below = read_recipe(recipe) if recipe else {}
    above = read_settings(config_file) if config_file else {}
    where = str(config_file) if config_file else "mygo train"
    settings = config.from_dict(Settings, laid_over(laid_over(below, above), given), where)
    chosen = _parsed(settings.decoder.name, decoder_options)
    decoder = dataclasses.replace(settings.decoder, options={**settings.decoder.options, **chosen})
    return completed(dataclasses.replace(settings, decoder=decoder))


def _parsed(decoder: str, pairs: list[str]) -> dict[str, Any]:
    """Return the options of a decoder that were typed, as its plugin types them."""
    from mygo_cli import backends
    from mygo_cli.contracts import DECODERS

    cls = backends.load(DECODERS, decoder)
    values = config.from_pairs(cls.Options, pairs, f"--decoder-option of {decoder}")
    named = {pair.partition("=")[0].strip().replace("-", "_") for pair in pairs}
    return {key: value for key, value in dataclasses.asdict(values).items() if key in named}
