"""Settings to TOML and TOML to plain values, with errors that name the place."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mygo_cli.errors import DataError


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
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return content
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not TOML: {error}.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
