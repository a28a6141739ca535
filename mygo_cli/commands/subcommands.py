"""The subcommands by name; each is imported when it is called, or when its own help is asked."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from pathlib import Path
from typing import Any, NamedTuple

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from mygo_cli.commands.switches import add_switches
from mygo_cli.files import expanded


class Listed(NamedTuple):
    """A command as `mygo --help` lists it: where it is, and the help that stands there.

    Its own help ends with the `examples`.
    """

    target: str
    summary: str
    examples: tuple[str, ...] = ()

    @property
    def epilog(self) -> str | None:
        """Return the examples as Typer shows them: blank lines keep them apart."""
        return "\n\n".join(("For example:", *self.examples)) if self.examples else None


LISTED = {
    "quickstart": Listed(
        "quickstart:quickstart",
        "Tokenize, train, evaluate and rank on the built-in graph world, in a few minutes.",
    ),
    "init": Listed(
        "init:init",
        "Make a graph of your own tables and pictures: say what each column is, ask, write it.",
    ),
    "tokenize": Listed(
        "tokenize:tokenize",
        "Turn the pictures and texts of a graph into tokens. Stopped, it goes on where it was.",
    ),
    "train": Listed(
        "train:train",
        "Train a model; the newest token caches of the graph are used unless others are named.",
        (
            "mygo train --data my-graph --name first",
            "mygo train --recipe db15k --data DB15K --seed 1",
            "mygo train --decoder distmult --no-image",
            "mygo train --resume mygo-work/runs/RUN",
        ),
    ),
    "runs": Listed(
        "runs:runs",
        "List the runs, newest first: graph, model, validation MRR, and how to go on.",
        ("mygo runs", "mygo runs --runs-dir mygo-work/experiments/ablation_world/runs --json"),
    ),
    "recipes": Listed(
        "recipes:recipes",
        "List the recipes for mygo train and the experiments for mygo experiment, or print one.",
    ),
    "experiment": Listed(
        "experiment:experiment",
        "Train every variant of an experiment with every seed; what is done already is kept.",
    ),
    "tune": Listed(
        "tune:tune",
        "Search for better settings within a time, chosen on validation; ends in a recipe.",
        (
            "mygo tune --data my-graph --budget 30m",
            "mygo tune --data my-graph --budget 2h --decoder distmult --epochs 60",
        ),
    ),
    "evaluate": Listed(
        "evaluate:evaluate",
        "Measure a run: filtered ranks of heads and tails, overall and in groups.",
    ),
    "compare": Listed(
        "compare:compare",
        "Rank a split with several runs, and say how sure their MRR and its differences are.",
    ),
    "rank": Listed(
        "rank:rank",
        "Rank what is missing of a fact: a side, or the relation. Ids or display names.",
        (
            "mygo rank --head Japan --relation imports_from",
            "mygo rank --relation grows --tail coffee --hide-known",
            "mygo rank --head Kenya --tail tea",
            "mygo rank --file questions.tsv --top 3 --csv",
        ),
    ),
    "score": Listed(
        "score:score",
        "Say how plausible given facts are: score, probability and rank of both sides.",
        (
            "mygo score Kenya grows tea",
            "mygo score --file facts.tsv --csv",
            "mygo score --file - --json",
        ),
    ),
    "explain": Listed(
        "explain:explain",
        "Say what an answer rests on: its score and rank without each token and the structure.",
        ("mygo explain --head japan --relation imports_from --html japan.html",),
    ),
    "explore": Listed(
        "explore:explore",
        "Open a local page on a run: search, look, ask, explain, accept or reject new facts.",
        ("mygo explore", "mygo explore RUN --port 9000", "mygo explore --host 0.0.0.0"),
    ),
    "complete": Listed(
        "complete:complete",
        "Find the most plausible facts that the graph does not hold, best first.",
        (
            "mygo complete --top 1000 --output facts.tsv",
            "mygo complete --relation religion --side tail",
            "mygo complete --missing --top 50",
            "mygo complete --unlinked --top 20",
        ),
    ),
    "report": Listed(
        "report:report",
        "Write a run as one web page: curves, metrics, calibration, answers and new facts.",
        ("mygo report --output world.html",),
    ),
    "export": Listed(
        "export:export",
        "Write entity vectors, relation vectors or scores of triples to a file, or all of a run.",
    ),
    "import": Listed(
        "importing:app",
        "Bring in graphs, token files and checkpoints of other tools.",
    ),
    "data": Listed(
        "data:app",
        "Look at a graph and check it for mistakes.",
    ),
    "cache": Listed(
        "cache:app",
        "Look at token caches, check them, join shards.",
    ),
    "tokens": Listed(
        "tokens:app",
        "Look at the tokens that the model reads.",
    ),
    "bench": Listed(
        "bench:bench",
        "Time training, ranking and tokenizing on this machine. Nothing is written.",
    ),
    "backends": Listed(
        "backends:backends",
        "List the plugins: name, status, package and what each is.",
    ),
    "doctor": Listed(
        "doctor:doctor",
        "Show versions, devices, plugins and folders, for a bug report.",
    ),
}


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
        return listed and TyperCommand(cmd_name, help=listed.summary)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that `args` begin with, whole, and the words that follow."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and self.commands[command.name], rest


class Imported(Mapping[str, Any]):
    """The commands by name, whole: a command is imported when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        return add_switches(typer.main.get_command(_imported(name)))

    def __iter__(self) -> Iterator[str]:
        return iter(LISTED)

    def __len__(self) -> int:
        return len(LISTED)


@cache
def _imported(name: str) -> typer.Typer:
    """Return a command as an app of its own; each function in it gets its paths expanded."""
    module, _, place = LISTED[name].target.partition(":")
    found = getattr(importlib.import_module(f"mygo_cli.commands.{module}"), place)
    app = found if isinstance(found, typer.Typer) else typer.Typer(add_completion=False)
    if app is not found:
        app.command(name, epilog=LISTED[name].epilog)(found)
    for each in app.registered_commands:
        each.callback = each.callback and _with_expanded_paths(each.callback)
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
