"""Settings merged: a recipe, a file over it, a variant, what was typed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mygo_cli.files import expanded
from mygo_cli.settings.fields import from_dict, from_pairs
from mygo_cli.settings.recipes import read_recipe, read_settings
from mygo_cli.settings.sections import DecoderSettings, Settings

Nested = Mapping[str, Any]  # the tables of a settings file


def merge(below: Nested, above: Nested) -> dict[str, Any]:
    """Return nested settings `above` over those `below`, of which goes what has no use any more."""
    return overlaid(without_overruled(below, above), above)


def overlaid(below: Nested, above: Nested) -> dict[str, Any]:
    """Return nested settings `below` with those of `above` in their place, table by table."""
    merged = dict(below)
    for key, value in above.items():
        found = merged.get(key, {})
        if not isinstance(value, Mapping):
            merged[key] = value
        elif isinstance(found, Mapping):  # what should be a table and is none is refused when read
            merged[key] = overlaid(found, value)
    return merged


def nested_value(keys: Sequence[str], value: Any) -> dict[str, Any]:
    """Return nested settings with a single value, at `keys`."""
    for key in reversed(keys):
        value = {key: value}
    return dict(value)


def without_overruled(below: Nested, above: Nested) -> dict[str, Any]:
    """Return the settings `below` without what those `above` leave no use for.

    That is the options of another decoder, and token caches of a modality that is switched off or
    of another graph, where the settings below name one.
    """
    data, tokens, decoder = (dict(_table(below, name)) for name in ("data", "tokens", "decoder"))
    chosen = _table(above, "decoder").get("name")
    if chosen is not None and chosen != decoder.get("name", DecoderSettings().name):
        decoder.pop("options", None)
    moved = _is_another(data.get("folder"), _table(above, "data").get("folder"))
    for modality in ("image", "text"):
        table, asked = _table(tokens, modality), _table(_table(above, "tokens"), modality)
        if table and (moved or asked.get("use") is False):
            tokens[modality] = {key: value for key, value in table.items() if key != "cache"}
    return dict(below) | {
        name: section for name, section in (("tokens", tokens), ("decoder", decoder)) if section
    }


def _is_another(folder: object, above: object) -> bool:
    """Say whether a folder is named in both places, and not the same one."""
    if not isinstance(folder, (str, Path)) or not isinstance(above, (str, Path)):
        return False
    return expanded(folder).absolute() != expanded(above).absolute()


def _table(nested: Nested, name: str) -> Nested:
    section = nested.get(name)
    return section if isinstance(section, Mapping) else {}


def decoder_plugin(named: DecoderSettings) -> tuple[Any, Any]:
    """Return the class of a decoder, and its options, those left out at their defaults.

    Raises `BackendError` for a decoder that is not there, `UsageError` for an option it has not.
    """
    from mygo_cli import backends
    from mygo_cli.contracts import DECODERS

    cls = backends.load(DECODERS, named.name)
    return cls, from_dict(cls.Options, named.options, f"decoder {named.name}")


def resolve(settings: Settings) -> Settings:
    """Return settings with every option of the decoder, and the graph's folder from the root.

    Raises what `decoder_plugin` raises.
    """
    named, folder = settings.decoder, settings.data.folder
    _, options = decoder_plugin(named)
    return dataclasses.replace(
        settings,
        decoder=dataclasses.replace(named, options=dataclasses.asdict(options)),
        data=dataclasses.replace(
            settings.data, folder=str(expanded(folder).absolute()) if folder else None
        ),
    )


def merged_settings(
    config_file: Path | None,
    given: Mapping[str, Mapping[str, Any]],
    decoder_options: list[str],
    recipe: str | None = None,
) -> Settings:
    """Return the settings of a recipe, overruled by a file, overruled by the options typed."""
    below = read_recipe(recipe) if recipe else {}
    above = read_settings(config_file) if config_file else {}
    where = str(config_file) if config_file else "mygo train"
    settings = from_dict(Settings, merge(merge(below, above), given), where)
    chosen = _parsed(settings.decoder.name, decoder_options)
    decoder = dataclasses.replace(settings.decoder, options={**settings.decoder.options, **chosen})
    return resolve(dataclasses.replace(settings, decoder=decoder))


def _parsed(decoder: str, pairs: list[str]) -> dict[str, Any]:
    """Return the options of a decoder that were typed, as its plugin types them."""
    from mygo_cli import backends
    from mygo_cli.contracts import DECODERS

    cls = backends.load(DECODERS, decoder)
    values = from_pairs(cls.Options, pairs, f"--decoder-option of {decoder}")
    named = {pair.partition("=")[0].strip().replace("-", "_") for pair in pairs}
    return {key: value for key, value in dataclasses.asdict(values).items() if key in named}
