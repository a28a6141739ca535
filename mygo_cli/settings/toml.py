"""Settings to TOML and TOML to plain values, under older names too; errors name the place."""

from __future__ import annotations

import dataclasses
import importlib
import logging
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mygo_cli.errors import DataError

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


def to_toml(settings: Any) -> str:
    """Return a dataclass, nested ones as tables, as TOML text. None is left out."""
    import tomli_w

    return tomli_w.dumps(_plain(dataclasses.asdict(settings)))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; raise `DataError` with the place of a mistake."""
    name = "tomllib" if sys.version_info >= (3, 11) else "tomli"
    tomllib = importlib.import_module(name)
    try:
        content: dict[str, Any] = tomllib.loads(_text_of(path))
        return content
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not TOML: {error}.") from error
    except RecursionError as error:
        raise DataError(f"{path} is not TOML: nested too deep.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


def _text_of(path: Path) -> str:
    """Return the text of a file, in which a folder may be named by bytes that are no UTF-8."""
    return path.read_text(encoding="utf-8-sig", errors="surrogateescape")


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
        else:
            renamed[key] = value  # refused where it is read
    if set(tokens) & set(TOKENS) and renamed != tokens:
        _note(where)
    return {**settings, "tokens": renamed}


def new_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys of a single setting as they are called today."""
    if len(keys) == 2 and keys[0] == "tokens" and keys[1] in TOKENS:
        return (keys[0], *TOKENS[keys[1]])
    return keys


@cache
def _note(where: str) -> None:
    log.info(f"{where}: [tokens] is read as [tokens.image] and [tokens.text], its tables now.")
