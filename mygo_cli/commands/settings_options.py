"""The settings dataclasses as command-line options: one source for TOML, `--help` and docs."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

import typer

from mygo_cli.commands import completing
from mygo_cli.contracts import DECODERS
from mygo_cli.settings.fields import alternatives, parse
from mygo_cli.settings.sections import flag_of, settings_fields

PANELS = {
    "data": "Data",
    "tokens": "Tokens",
    "model": "Model",
    "decoder": "Decoder",
    "training": "Training",
}
# What most people set stands first, beside the command's own options.
MOST_USED = ("folder", "epochs", "device", "seed")
METAVARS = {int: "INTEGER", float: "FLOAT"}

DecoderOption = Annotated[
    list[str] | None,
    typer.Option(
        "--decoder-option",
        metavar="KEY=VALUE",
        help="Set an option of the decoder; may be given several times.",
        rich_help_panel="Decoder",
    ),
]


def with_settings_options(settings: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one option for every field of a dataclass of dataclasses.

    The command receives them as keyword arguments named `<table>__<field>`, with a table for each
    level, None where the user gave none, so that a configuration file is only overruled by what
    was typed.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        # A panel of the help stands where the first of its options does.
        ordered = sorted([*_parameters(settings), *own], key=lambda each: bool(_panel(each)))
        command.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[each.replace(kind=each.KEYWORD_ONLY) for each in ordered]
        )
        command.__annotations__ = {
            p.name: p.annotation
            for p in command.__signature__.parameters.values()  # type: ignore[attr-defined]
        }
        return command

    return decorate


def _panel(parameter: inspect.Parameter) -> str | None:
    """Return the panel of the help that an option names, None for the first one."""
    about = getattr(parameter.annotation, "__metadata__", (None,))[0]
    return getattr(about, "rich_help_panel", None)


def _parameters(settings: type) -> list[inspect.Parameter]:
    return [
        _parameter(keys, field, kind)
        for keys, field, kind in settings_fields(settings)
        if field.name != "options"
    ]


def _parameter(
    keys: tuple[str, ...], field: dataclasses.Field[Any], kind: Any
) -> inspect.Parameter:
    flag = flag_of(field)
    if kind is bool:
        flag = f"{flag}/--no-{flag.removeprefix('--')}"
    default = "" if field.default is None else f" Default: {_shown(field.default)}."
    shown: dict[str, Any] = {
        "help": field.metadata["help"] + default,
        "show_default": False,
        "rich_help_panel": None if field.name in MOST_USED else PANELS[keys[0]],
    }
    if field.name == "name":
        shown["autocompletion"] = completing.backends(DECODERS)
    choices = [each for each in alternatives(kind) if each is not types.NoneType]
    if len(choices) > 1:  # Typer knows no unions
        shown |= {"parser": partial(parse, kind), "metavar": _metavar(choices)}
        kind = str
    return inspect.Parameter(
        "__".join(keys),
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, typer.Option(flag, **shown)],
    )


def _metavar(choices: list[Any]) -> str:
    """Return how `--help` shows an option that takes one of several types."""
    words = [
        str(word)
        for kind in choices
        for word in (typing.get_args(kind) or (METAVARS.get(kind, "TEXT"),))
    ]
    return f"[{'|'.join(words)}]"


def _shown(default: Any) -> str:
    """Return a default as the user would type it."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"{default:g}" if isinstance(default, float) else str(default)


def typed(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the options that were given, as nested settings."""
    nested: dict[str, Any] = {}
    for name, value in values.items():
        if value is not None:
            *tables, key = name.split("__")
            table = nested
            for above in tables:
                table = table.setdefault(above, {})
            table[key] = value
    return nested
