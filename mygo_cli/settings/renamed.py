"""Settings under the names of before 0.1.0, read as what they are called now."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

log = logging.getLogger(__name__)

# In [tokens], where each modality has a table of its own now.
TOKENS = {
    "image": ("image", "use"),
    "image_cache": ("image", "cache"),
    "image_tokens": ("image", "keep"),
    "max_images": ("image", "max_pictures"),
    "text": ("text", "use"),
    "text_cache": ("text", "cache"),
    "text_tokens": ("text", "keep"),
}


def with_new_names(settings: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return nested settings with the keys of today; a note names the old ones, once a file."""
    tokens = settings.get("tokens")
    if not isinstance(tokens, Mapping):
        return dict(settings)
    renamed: dict[str, Any] = {}
    for key, value in tokens.items():
        table, name = TOKENS.get(key, (key, ""))
        if key == table and isinstance(value, Mapping):
            renamed[table] = {**renamed.get(table, {}), **value}
        elif name:
            renamed[table] = {**renamed.get(table, {}), name: value}
            _note(where, key, f"{table}.{name}")
        else:
            renamed[key] = value  # refused where it is read
    return {**settings, "tokens": renamed}


def new_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys of a single setting as they are called today."""
    if len(keys) == 2 and keys[0] == "tokens" and keys[1] in TOKENS:
        return (keys[0], *TOKENS[keys[1]])
    return keys


@cache
def _note(where: str, old: str, new: str) -> None:
    log.info(f"{where}: tokens.{old} is called tokens.{new} now; it is read as that.")
