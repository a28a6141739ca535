"""Write the generated pages, docs/cli.md and docs/settings.md: python docs/generate.py."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import typer.main

from mygo_cli import backends
from mygo_cli.app import app
from mygo_cli.contracts import DECODERS, IMAGE_TOKENIZERS, TEXT_TOKENIZERS, rule_of
from mygo_cli.settings.fields import alternatives
from mygo_cli.settings.sections import Settings, flag_of, settings_fields

HERE = Path(__file__).parent
WRITTEN = "<!-- Written by docs/generate.py. Change the code, then run `make docs`. -->"
BUILT_IN = "mygo-kg"
DEFAULT_IN_HELP = re.compile(r"\s*\\?\[default: (.*?)\]$")
WORDS = {int: "whole number", float: "number", bool: "true or false", str: "text", Path: "path"}


def cli_page() -> str:
    """Return the page of all commands, walked from the Typer app."""
    root = typer.main.get_command(app)
    parts = [
        "# Commands",
        WRITTEN,
        "Results go to stdout; progress, notes and errors to stderr. `-h` or `--help` explains "
        "any command, `--install-completion` teaches your shell to complete with Tab: "
        "commands, options, entities and relations of the graph, runs, plugins and recipes.",
        "Every command that answers takes `-o FILE` and `-f FORMAT`: `table`, `tsv`, `csv`, "
        "`json`, `jsonl`, `md` or `parquet`, by default what the file's ending says, else a "
        "table. JSON holds all that there is to say, the formats of rows a row for each thing, "
        "Markdown what the terminal shows. A file is there whole or not at all. In a pipe a table "
        "is a line for each row, two blanks before each cell, unless `COLUMNS` gives it a width. "
        "`--json`, `--csv` and `--tsv` are older names of `-f json` and so on; beside `-o FILE`, "
        "`--json` says in JSON what was written.",
        "JSON, CSV, TSV and TOML are UTF-8 everywhere. Elsewhere letters that the terminal's "
        "encoding has not are shown as their numbers, `\\u5317`.",
        "| exit code | meaning |\n|---|---|\n| 0 | done |\n| 1 | an error, in one line |\n"
        "| 2 | wrong usage |\n| 130 | interrupted with Ctrl-C, after saving |",
        "| variable | meaning |\n|---|---|\n"
        "| `MYGO_WORK` | folder of caches and runs instead of `./mygo-work` |\n"
        "| `MYGO_WEIGHTS` | folder of fetched weights instead of `~/.cache/mygo/weights` |",
        "A `~` at the beginning of a path is the home folder, in options, variables and TOML.",
    ]
    for path, command in _commands("mygo", root):
        parts += _command_section(path, command)
    return "\n\n".join(parts) + "\n"


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield every command under `command` with the words that call it."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(f"{path} {name}", child)


def _command_section(path: str, command: Any) -> list[str]:
    annotations = _annotations(command)
    shown = [p for p in command.params if "completion" not in p.name and p.name != "help"]
    shown = [p for p in shown if not getattr(p, "hidden", False)]
    arguments = [p for p in shown if p.param_type_name == "argument"]
    group = hasattr(command, "commands")
    usage = [path, *(["[OPTIONS]"] if shown else []), *(["COMMAND"] if group else [])]
    usage += [_argument_name(p) for p in arguments]
    rows = [_parameter_row(p, annotations.get(p.name, bool)) for p in shown]
    section = [f"## {path}", " ".join((command.help or "").split()), f"    {' '.join(usage)}"]
    examples = [f"    {line}" for line in (command.epilog or "").split("\n\n")[1:]]
    section += ["For example:", "\n".join(examples)] if examples else []
    return section + ([_table(("option", "value", "default", "meaning"), rows)] if rows else [])


def _annotations(command: Any) -> dict[str, Any]:
    """Return the type of each parameter of the function behind a command."""
    if command.callback is None:
        return {}
    signature = inspect.signature(command.callback, eval_str=True)
    return {name: parameter.annotation for name, parameter in signature.parameters.items()}


def _argument_name(parameter: Any) -> str:
    return parameter.name.upper() + ("..." if parameter.nargs == -1 else "")


def _parameter_row(parameter: Any, annotation: Any) -> tuple[str, str, str, str]:
    """Return name, kind of value, default and meaning of an option or argument."""
    kind, several = _bare(annotation)
    if parameter.param_type_name == "argument":
        name = f"`{_argument_name(parameter)}`"
    else:
        both = (*parameter.opts, *parameter.secondary_opts)
        name = " / ".join(f"`{flag}`" for flag in both)
    metavar = (parameter.metavar or "").strip("[]").replace("|", ", ")
    value = metavar or ("" if kind is bool else _described(kind))
    if several:
        value += ", repeatable"
    meaning = " ".join((parameter.help or "").split())
    default = _default_of(parameter)
    in_help = DEFAULT_IN_HELP.search(meaning)
    if in_help:
        default, meaning = in_help[1], meaning[: in_help.start()]
    return name, value, default and f"`{default}`", meaning


def _default_of(parameter: Any) -> str:
    if parameter.required:
        return "required"
    shown = isinstance(parameter.default, (str, int, float)) and parameter.default is not False
    return str(parameter.default) if shown else ""


def _bare(annotation: Any) -> tuple[Any, bool]:
    """Return the type inside `Annotated`, `| None` and `list`, and whether there was a list."""
    several = False
    while True:
        origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
        if origin in (typing.Union, types.UnionType):
            annotation = next(each for each in inside if each is not types.NoneType)
        elif origin is list:
            annotation, several = inside[0], True
        elif origin is typing.Annotated:
            annotation = inside[0]
        else:
            return annotation, several


def _described(kind: Any) -> str:
    """Return a type in words, choices one by one."""
    if len(several := alternatives(kind)) > 1:
        return ", ".join(_described(each) for each in several if each is not types.NoneType)
    if typing.get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in typing.get_args(kind))
    return WORDS.get(kind, "table")


def settings_page() -> str:
    """Return the page of all settings: of a run, of decoders and of tokenizers."""
    parts = [
        "# Settings",
        WRITTEN,
        "Every setting of a run stands in its `config.toml`, and each is an option of "
        "[mygo train](cli.md#mygo-train). A key that is left out has its default; an unset key "
        "has none. [Training](training.md) explains how they work together. The sections below are "
        "the tables of that file: `epochs` stands under `[training]`.",
    ]
    tables: dict[str, list[tuple[Any, ...]]] = {}
    for keys, field, kind in settings_fields(Settings):
        tables.setdefault(".".join(keys[:-1]), []).append((field, kind))
    for section, rows in tables.items():
        cls = Settings
        for key in section.split("."):
            cls = typing.get_type_hints(cls)[key]
        parts += [f"## {section}", _first_sentence(cls), _settings_table(rows)]
    parts += _backend_options(DECODERS, "decoders", "--decoder-option KEY=VALUE", "decoder.options")
    parts += _backend_options(IMAGE_TOKENIZERS, "image tokenizers", "--image-option KEY=VALUE")
    parts += _backend_options(TEXT_TOKENIZERS, "text tokenizers", "--text-option KEY=VALUE")
    return "\n\n".join(parts) + "\n"


def _settings_table(fields: Iterable[tuple[Any, ...]]) -> str:
    rows = []
    for field, kind in fields:
        default = field.default if field.default is not dataclasses.MISSING else None
        flag = flag_of(field)
        if kind is bool:
            flag = f"{flag}` / `--no-{flag.removeprefix('--')}"
        described = " ".join(filter(None, (_described(kind), _rule(field))))
        meaning = field.metadata["help"]
        rows.append((f"`{field.name}`", described, _toml(default), f"`{flag}`", meaning))
    return _table(("key", "value", "default", "option", "meaning"), rows)


def _rule(field: Any) -> str:
    """Return the bounds of a number, as words behind its type."""
    rule = rule_of(field.metadata)
    return rule.removeprefix("must lie ").removeprefix("must be ").replace("must not be", "not")


def _backend_options(group: str, title: str, flag: str, section: str = "") -> list[str]:
    """Return the options of the built-in backends of one group."""
    kept = f", kept in `[{section}]`" if section else ""
    parts = [f"## Options of {title}", f"The built-in ones. Given as `{flag}`{kept}."]
    for backend in backends.installed(group):
        if backend.package != BUILT_IN:
            continue
        cls = backends.load(group, backend.name)
        hints = typing.get_type_hints(cls.Options)
        rows = [
            (
                f"`{field.name}`",
                " ".join(filter(None, (_described(_bare(hints[field.name])[0]), _rule(field)))),
                _toml(field.default),
                field.metadata["help"],
            )
            for field in dataclasses.fields(cls.Options)
        ]
        parts.append(f"### {backend.name}")
        headers = ("key", "value", "default", "meaning")
        parts.append(_table(headers, rows) if rows else "It has no options.")
    return parts


def _toml(default: Any) -> str:
    """Return a default as TOML writes it."""
    if default is None:
        return "unset"
    if isinstance(default, float):
        return f"`{default:g}`" if "." in f"{default:g}" else f"`{default}`"
    return f"`{json.dumps(default)}`"


def _first_sentence(cls: type) -> str:
    return inspect.cleandoc(cls.__doc__ or "").partition(". ")[0].rstrip(".") + "."


def _table(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    lines = [tuple(headers)]
    lines += [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]
    text = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([text[0], "|" + "---|" * len(lines[0]), *text[1:]])


PAGES: dict[str, Callable[[], str]] = {"cli.md": cli_page, "settings.md": settings_page}


def main() -> None:
    """Write every generated page."""
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
        print(f"wrote docs/{name}")


if __name__ == "__main__":
    main()
