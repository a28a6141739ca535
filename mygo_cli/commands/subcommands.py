"""The subcommands by name; each is imported when it is called, or when its own help is asked."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial, wraps
from pathlib import Path
from typing import Any, NamedTuple

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from mygo_cli.commands.switches import add_switches
from mygo_cli.files import expanded

HELP = ["-h", "--help"]


class Listed(NamedTuple):
    """A command as `mygo --help` lists it: where it is, and the help that stands there."""

    target: str
    summary: str


PANELS = {
    "Begin": {
        "quickstart": Listed(
            "quickstart:quickstart",
            "Tokenize, train, evaluate and rank on the built-in graph world, in about a minute.",
        ),
        "init": Listed(
            "init:init",
            "Make a graph of your own tables and pictures: say what each column is, ask, write it.",
        ),
    },
    "Data": {
        "tokenize": Listed(
            "tokenize:tokenize",
            "Turn the pictures and texts of a graph into tokens. Stopped, it goes on where it was.",
        ),
        "data": Listed(
            "data:app",
            "Look at a graph and check it for mistakes.",
        ),
        "import": Listed(
            "importing:app",
            "Bring in graphs, token files and checkpoints of other tools.",
        ),
        "tokens": Listed(
            "tokens:app",
            "Look at the tokens that the model reads.",
        ),
        "cache": Listed(
            "cache:app",
            "Look at token caches, check them, join shards.",
        ),
    },
    "Train and measure": {
        "train": Listed(
            "train:train",
            "Train a model; the newest token caches of the graph are used unless others are named.",
        ),
        "runs": Listed(
            "runs:runs",
            "List the runs, newest first: graph, model, validation MRR, and how to go on.",
        ),
        "evaluate": Listed(
            "evaluate:evaluate",
            "Measure a run: filtered ranks of heads and tails, overall and in groups.",
        ),
        "compare": Listed(
            "compare:compare",
            "Rank a split with several runs, and say how sure their MRR and its differences are.",
        ),
        "recipes": Listed(
            "recipes:recipes",
            "List the recipes of mygo train and the experiments of mygo experiment, or print one.",
        ),
        "experiment": Listed(
            "experiment:experiment",
            "Train every variant of an experiment with every seed; what is done already is kept.",
        ),
        "tune": Listed(
            "tune:tune",
            "Search for better settings within a time, chosen on validation; ends in a recipe.",
        ),
    },
    "Ask": {
        "rank": Listed(
            "rank:rank",
            "Rank what is missing of a fact: a side, or the relation. Ids or display names.",
        ),
        "score": Listed(
            "score:score",
            "Say how plausible given facts are: score, probability and rank of both sides.",
        ),
        "complete": Listed(
            "complete:complete",
            "Find the most plausible facts that the graph does not hold, best first.",
        ),
        "explain": Listed(
            "explain:explain",
            "Say what an answer rests on: its score and rank without each token and the structure.",
        ),
        "explore": Listed(
            "explore:explore",
            "Open a local page on a run: search, look, ask, explain, accept or reject new facts.",
        ),
        "report": Listed(
            "report:report",
            "Write a run as one web page: curves, metrics, calibration, answers and new facts.",
        ),
        "plot": Listed(
            "plot:plot",
            "Draw loss and validation MRR over the epochs of one or several runs as PNG or SVG.",
        ),
        "export": Listed(
            "export:export",
            "Write vectors of entities or relations, or scores, to a file, or all of a run.",
        ),
    },
    "This machine": {
        "backends": Listed(
            "backends:backends",
            "List the plugins: name, status, package and what each is.",
        ),
        "bench": Listed(
            "bench:bench",
            "Time training, ranking and tokenizing on this machine. Nothing is written.",
        ),
        "doctor": Listed(
            "doctor:doctor",
            "Show versions, devices, plugins and folders, for a bug report.",
        ),
    },
}
LISTED = {name: listed for panel in PANELS.values() for name, listed in panel.items()}
PANEL_OF = {name: title for title, panel in PANELS.items() for name in panel}


class Subcommands(TyperGroup):
    """The group of `mygo`: to import all commands would take longer than to show its help."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = Imported()

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the help."""
        return list(LISTED)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
        """Return a command as a list of commands shows it, without its options."""
        listed = LISTED.get(cmd_name)
        panel = PANEL_OF.get(cmd_name)
        return listed and TyperCommand(cmd_name, help=listed.summary, rich_help_panel=panel)

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options, of which switches show no value."""
        return name_values(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that `args` begin with, whole, and the words that follow."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and self.commands[command.name], rest


class Imported(Mapping[str, Any]):
    """The commands by name, whole: a command is imported when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        return with_help(add_switches(typer.main.get_command(_imported(name))), name)

    def __iter__(self) -> Iterator[str]:
        return iter(LISTED)

    def __len__(self) -> int:
        return len(LISTED)


def with_help(command: Any, *path: str) -> Any:
    """Return a command, and all below it, with examples and plain options in its help."""
    from mygo_cli.commands.examples import epilog

    command.epilog = epilog(*path)
    context = command.context_class(command, help_option_names=HELP)
    name_values(command.get_params(context))
    for name, below in getattr(command, "commands", {}).items():
        with_help(below, *path, name)
    return command


def name_values(params: list[Any]) -> list[Any]:
    """Let the help show what is typed behind each option: nothing behind a switch."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.display_type = partial(_shown, "")
        elif param.metavar is not None:
            param.display_type = partial(_shown, param.metavar)
    return params


def _shown(value: str, _context: Any) -> str:
    return value


@cache
def _imported(name: str) -> typer.Typer:
    """Return a command as an app of its own; each function in it gets its paths expanded."""
    from mygo_cli.commands.output import with_output_options

    module, _, place = LISTED[name].target.partition(":")
    found = getattr(importlib.import_module(f"mygo_cli.commands.{module}"), place)
    app = found if isinstance(found, typer.Typer) else typer.Typer(add_completion=False)
    if app is not found:
        app.command(name)(found)
    for each in app.registered_commands:
        callback = each.callback and with_output_options(each.callback)
        each.callback = callback and _with_expanded_paths(callback)
    return app


def _with_expanded_paths(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command that takes `~` in any of its paths for the home folder."""

    def expand(value: Any) -> Any:
        if isinstance(value, list):
            return [expand(each) for each in value]
        return expanded(value) if isinstance(value, Path) else value

    @wraps(function)
    def command(**values: Any) -> None:
        function(**{name: expand(value) for name, value in values.items()})

    return command
