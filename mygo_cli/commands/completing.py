"""What Tab offers behind an option: names of the graph at hand, runs, plugins and recipes.

A shell waits for this at each key: nothing here imports PyTorch or NumPy, and whatever fails, a
graph that cannot be read or a run that is damaged, offers nothing and says nothing.
"""

from __future__ import annotations

import csv
import gzip
import io
import logging
import os
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from mygo_cli.runs.folder import RunFolder

Offered = list[tuple[str, str]]  # values, each with what a shell may show beside it
Completion = Callable[[typer.Context, str], Offered]

MOST_READ = 16 << 20  # characters of a file: half a million facts
SPECIAL = re.compile(r"([^\w@%+=:,./-])")  # what bash takes for more than a letter


class Fitting(str):
    """A value that was chosen already, for Typer, which keeps only what begins just as typed."""

    __slots__ = ()

    def startswith(self, *_: Any) -> bool:
        """Fit what was typed in other capitals, and without the backslashes that bash needs."""
        return True


def quietly(find: Callable[[typer.Context], Offered], either: bool = False) -> Completion:
    """Return what offers those of the values found that begin as typed, and nothing on an error.

    With `either` what stands beside a value may be typed in its place.
    """

    def offer(ctx: typer.Context, incomplete: str) -> Offered:
        logging.disable()
        try:
            found = find(ctx)
        except Exception:
            return []
        finally:
            logging.disable(logging.NOTSET)
        typed = incomplete.casefold()
        offered = [pair for pair in found if _begins(pair[0], typed)]
        if either:
            others = [(other, value) for value, other in found if not _begins(value, typed)]
            offered += [pair for pair in others if pair[0] and _begins(pair[0], typed)]
        return [(Fitting(_quoted(value)), about) for value, about in offered]

    return offer


def _begins(value: str, typed: str) -> bool:
    return value.casefold().startswith(typed)


def _quoted(value: str) -> str:
    """Return a value as it must stand on the command line; other shells than bash see to that."""
    if os.environ.get("_MYGO_COMPLETE") != "complete_bash":
        return value
    words, place = os.environ["COMP_WORDS"].split("\n"), int(os.environ["COMP_CWORD"])
    in_quotes = len(words) > place and words[place].startswith(('"', "'"))
    return value if in_quotes else SPECIAL.sub(r"\\\1", value)


def _entities(ctx: typer.Context) -> Offered:
    from mygo_cli.graph.files import find_files

    files = find_files(_graph_of(ctx))
    if files.entities is not None:  # it is a tenth as long as the facts
        listed = (cells for cells in _rows(files.entities) if cells and cells[0])
        return [(cells[0], cells[1] if len(cells) > 1 else "") for cells in listed]
    facts = (cells for cells in _rows(files.train) if len(cells) > 2)
    return [(name, "") for name in dict.fromkeys(chain.from_iterable(map(_sides, facts)))]


def _sides(cells: list[str]) -> tuple[str, str]:
    return cells[0], cells[2]


def _relations(ctx: typer.Context) -> Offered:
    from mygo_cli.graph.files import find_files

    rows = _rows(find_files(_graph_of(ctx)).train)
    return [(name, "") for name in dict.fromkeys(cells[1] for cells in rows if len(cells) > 2)]


entities = quietly(_entities, either=True)
relations = quietly(_relations)
runs = quietly(lambda ctx: [(folder.path.name, "") for folder in _run_folders(ctx)])


def parts_of_a_fact(ctx: typer.Context, incomplete: str) -> Offered:
    """Offer what comes next of head, relation and tail."""
    given = len(ctx.params.get("fact") or ())
    return (relations if given == 1 else entities)(ctx, incomplete)


def shipped(*kinds: str) -> Completion:
    """Return what offers the recipes or experiments that come with mygo."""

    def find(_: typer.Context) -> Offered:
        from mygo_cli.settings.recipes import shipped

        return [(each.name, each.description) for each in shipped() if each.kind in kinds]

    return quietly(find)


def backends(group: str) -> Completion:
    """Return what offers the installed plugins of a group."""

    def find(_: typer.Context) -> Offered:
        from mygo_cli.backends import installed

        return [(each.name, each.package) for each in installed(group)]

    return quietly(find)


def _graph_of(ctx: typer.Context) -> Path:
    """Return the folder of --data, else of the run that would answer, else of the built-in graph.

    A command that asks no run means the built-in graph.
    """
    from mygo_cli.folders import graph_folder, settings_folder
    from mygo_cli.runs.folder import RunFolder

    data, run = ctx.params.get("data"), ctx.params.get("run")
    asks_a_run = any(parameter.name == "run" for parameter in ctx.command.params)
    if data or not asks_a_run:
        return graph_folder(data)
    found = _run_folders(ctx)
    if run is not None:
        found = [each for each in found if _begins(each.path.name, str(run).casefold())]
        found = [RunFolder(run)] if Path(run, "config.toml").exists() else found
    newest = next((each for each in found if each.finished), None)
    return graph_folder(None) if newest is None else settings_folder(newest.settings())


def _run_folders(ctx: typer.Context) -> list[RunFolder]:
    from mygo_cli.folders import runs_dir
    from mygo_cli.runs.folder import run_folders

    return run_folders(runs_dir(ctx.params.get("runs_folder")))


def _rows(path: Path) -> Iterator[list[str]]:
    """Yield the cells of each line of a table, as far as a shell can wait for it."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        text = file.read(MOST_READ).decode("utf-8-sig", "replace")
    if ".csv" in path.suffixes[-2:]:
        yield from csv.reader(io.StringIO(text))
    else:
        yield from (line.split("\t") for line in text.splitlines())
