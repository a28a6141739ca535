"""Dataclass settings from plain values and `key=value` pairs, with errors that name the key."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from mygo_cli.errors import UsageError, suggest

T = TypeVar("T")


def from_dict(cls: type[T], values: Mapping[str, Any], where: str) -> T:
    """Return the dataclass `cls` filled from nested plain values.

    `where` (a file or a flag) opens the message of the `UsageError` raised for an unknown key or
    a value of the wrong type.
    """
    hints = typing.get_type_hints(cls)
    known = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
    filled = {}
    for key, value in values.items():
        if key not in known:
            raise UsageError(f"{where}: unknown setting {key}.", suggest(key, known))
        filled[key] = _convert(hints[key], value, f"{where}: {key}")
    try:
        return cls(**filled)
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from error


def from_pairs(cls: type[T], pairs: Sequence[str], where: str) -> T:
    """Return the dataclass `cls` filled from `key=value` texts, as options bring them."""
    hints = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        key = key.strip().replace("-", "_")
        if not equals:
            raise UsageError(f"{where} {pair}: write it as key=value.", suggest(key, hints))
        values[key] = parse(hints.get(key, str), text.strip())
    return from_dict(cls, values, where)


def alternatives(kind: Any) -> tuple[Any, ...]:
    """Return the members of a union, else the type itself."""
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def parse(kind: Any, text: str) -> Any:
    """Return `text` as the first alternative of `kind` that can read it, else the text."""
    for alternative in alternatives(kind):
        if alternative is types.NoneType and text.lower() == "none":
            return None
        if alternative is bool and text.lower() in ("true", "false", "yes", "no"):
            return text.lower() in ("true", "yes")
        if get_origin(alternative) is Literal:
            for choice in get_args(alternative):
                if text == str(choice):
                    return choice
        if alternative in (int, float):
            try:
                return alternative(text)
            except ValueError:
                continue
    return text


def _convert(kind: Any, value: Any, where: str) -> Any:
    """Return `value` as `kind`; raise `UsageError` where it is of another type."""
    for alternative in alternatives(kind):
        origin = get_origin(alternative)
        if dataclasses.is_dataclass(alternative) and isinstance(value, Mapping):
            return from_dict(typing.cast(Any, alternative), value, where)
        if origin is Literal:
            if value in get_args(alternative):
                return value
        elif origin is dict and isinstance(value, Mapping):
            return dict(value)
        elif origin is tuple and isinstance(value, (list, tuple)):
            return tuple(value)
        elif alternative in (int, float):
            if _is_number(alternative, value):
                return alternative(value)
        elif alternative is Path and isinstance(value, (str, Path)):
            return Path(value)
        # Python 3.10 takes list[int] for a type, too, hence the origin.
        elif origin is None and isinstance(alternative, type) and isinstance(value, alternative):
            return value
    raise UsageError(f"{where} = {value!r} is not {_describe(kind)}.")


def _is_number(kind: type, value: object) -> bool:
    """Say whether a value, NumPy's too, is a whole number, or any where `kind` is float."""
    if isinstance(value, bool):  # which Python counts among the whole numbers
        return False
    return isinstance(value, Integral if kind is int else Real)


def _describe(kind: Any) -> str:
    """Return how a type is called in an error message."""
    words = {
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        str: "a text",
        Path: "a path",
        tuple: "a list",
    }
    parts = []
    for alternative in alternatives(kind):
        origin = get_origin(alternative) or alternative
        if origin is Literal:
            parts.append("one of " + ", ".join(map(str, get_args(alternative))))
        elif alternative is not types.NoneType:
            parts.append(words.get(origin, "a table"))
    return " or ".join(parts)
