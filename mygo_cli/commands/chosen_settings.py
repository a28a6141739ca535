"""What a settings file and typed options together ask for."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from mygo_cli import config
from mygo_cli.commands.settings_options import overlaid
from mygo_cli.training.settings import DecoderSettings, Settings


def resolve(
    config_file: Path | None, given: dict[str, dict[str, Any]], decoder_options: list[str]
) -> Settings:
    """Return the settings of a file overruled by the options that were typed."""
    from mygo_cli import backends
    from mygo_cli.contracts import DECODERS

    below = without_overruled(config.read_toml(config_file), given) if config_file else {}
    where = str(config_file) if config_file else "mygo train"
    settings = config.from_dict(Settings, overlaid(below, given), where)
    cls = backends.load(DECODERS, settings.decoder.name)
    flag = f"--decoder-option of {settings.decoder.name}"
    named = {pair.partition("=")[0].strip().replace("-", "_") for pair in decoder_options}
    parsed = dataclasses.asdict(config.from_pairs(cls.Options, decoder_options, flag))
    chosen = {key: value for key, value in parsed.items() if key in named}
    complete = config.from_dict(
        cls.Options, {**settings.decoder.options, **chosen}, f"decoder {settings.decoder.name}"
    )
    decoder = dataclasses.replace(settings.decoder, options=dataclasses.asdict(complete))
    folder = settings.data.folder
    data = dataclasses.replace(
        settings.data, folder=str(Path(folder).absolute()) if folder else None
    )
    return dataclasses.replace(settings, decoder=decoder, data=data)


def without_overruled(below: dict[str, Any], given: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a file's settings without what the typed options leave no use for.

    That is the options of another decoder, and token caches of another graph or of a modality
    that is switched off.
    """
    data, tokens, decoder = (
        dict(section) if isinstance(section := below.get(name), dict) else {}
        for name in ("data", "tokens", "decoder")
    )
    chosen = given.get("decoder", {}).get("name")
    if chosen is not None and chosen != decoder.get("name", DecoderSettings().name):
        decoder.pop("options", None)
    folder = given.get("data", {}).get("folder")
    moved = folder is not None and Path(folder).absolute() != Path(data.get("folder", ""))
    for modality in ("image", "text"):
        if moved or given.get("tokens", {}).get(modality) is False:
            tokens.pop(f"{modality}_cache", None)
    return below | {
        name: section for name, section in (("tokens", tokens), ("decoder", decoder)) if section
    }
