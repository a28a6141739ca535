"""`mygo tune`: search for better settings of a graph within a time, chosen on validation."""

from __future__ import annotations

import importlib.util
import re
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mygo_cli import console
from mygo_cli.commands.options import CacheDirOption, RunsDirOption
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.commands.settings_options import DecoderOption, typed, with_settings_options
from mygo_cli.distributed.group import started_by_torchrun
from mygo_cli.errors import MygoError, UsageError
from mygo_cli.folders import cache_dir, runs_dir
from mygo_cli.settings.merging import nested_value
from mygo_cli.settings.sections import Settings

if TYPE_CHECKING:
    from mygo_cli.tuning.outcome import Outcome, Tried

BUDGET = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?")
SHOWN_TRIALS, SHOWN_SETTINGS = 5, 4


@with_settings_options(Settings)
def tune(
    budget: Annotated[
        str,
        typer.Option(
            "--budget",
            metavar="TIME",
            help="Time of the whole search, such as 90s, 30m or 2h30m; what earlier commands took "
            "counts.",
        ),
    ] = "30m",
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="Begin with these settings that come with mygo.")
    ] = None,
    config_file: Annotated[
        Path | None, typer.Option("--config", help="Begin with these settings in TOML.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="Folder of the search and its recipe. Default: tune_<graph> among the runs.",
            show_default=False,
        ),
    ] = None,
    decoder_option: DecoderOption = None,
    cache_folder: CacheDirOption = None,
    runs_folder: RunsDirOption = None,
    out: Output = TERMINAL,
    **options: Any,
) -> None:
    """Search for better settings within a time, chosen on validation; ends in a recipe."""
    _check_packages()
    from mygo_cli.training.beginning import begin
    from mygo_cli.tuning.outcome import finish_search
    from mygo_cli.tuning.search import open_search, run_search

    if not started_by_torchrun().alone:
        raise UsageError("A search trains in one process.", "Start it without torchrun.")
    seconds, given, pairs = seconds_of(budget), typed(options), decoder_option or []
    base, graph = begin(config_file, given, pairs, recipe)
    folder = output or runs_dir(runs_folder) / f"tune_{graph.name}"
    search = open_search(base, _fixed(given, pairs), graph, cache_dir(cache_folder), folder)
    with console.bar() as bar:
        task = bar.add_task("seconds", total=round(seconds))

        def report(_: str, done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        run_search(search, seconds, report)
    found = finish_search(search, base, graph.name)
    trials = [
        {"trial": each.number, "mrr": each.mrr, "seconds": each.seconds, **each.values}
        for each in found.trials
    ]
    out.give(partial(_show, found), _record(found), trials)


def seconds_of(budget: str) -> float:
    """Return a time such as "30m", "1h30m" or "45s" in seconds; raise `UsageError` for others."""
    found = BUDGET.fullmatch(budget.strip().lower().replace(" ", ""))
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    if not (total := 3600 * hours + 60 * minutes + seconds):
        raise UsageError(f"--budget {budget}: not a time.", "Write it as 45s, 30m or 1h30m.")
    return float(total)


def _check_packages() -> None:
    """Raise `MygoError` where the package of the extra is missing."""
    if importlib.util.find_spec("optuna") is None:
        raise MygoError(
            "mygo tune needs the package optuna, which is not installed.",
            "pip install 'mygo-kg[tune]'",
        )


def _fixed(given: dict[str, Any], pairs: list[str]) -> dict[str, Any]:
    """Return what was typed as nested settings, the options of the decoder among them."""
    fixed = dict(given)
    for pair in pairs:
        key = pair.partition("=")[0].strip().replace("-", "_")
        below = fixed.get("decoder", {})
        options = {**below.get("options", {}), **nested_value((key,), True)}
        fixed["decoder"] = {**below, "options": options}
    return fixed


def _record(outcome: Outcome) -> dict[str, Any]:
    return {
        "recipe": str(outcome.recipe),
        "seconds": outcome.seconds,
        "stopped_early": outcome.stopped,
        "mattered": outcome.mattered,
        "chance": outcome.chance,
        "trials": [vars(tried) for tried in outcome.trials],
    }


def _show(outcome: Outcome) -> None:
    """Print the best trials, the settings that mattered first."""
    names = list(outcome.mattered or outcome.trials[0].values)[:SHOWN_SETTINGS]
    shown = outcome.trials[:SHOWN_TRIALS]
    if outcome.start and outcome.start not in shown:
        shown = [*shown, outcome.start]
    headers = ("trial", "valid MRR", "seconds", *map(_words, names))
    console.table(headers, [_cells(tried, names) for tried in shown])
    if outcome.mattered:
        parts = (f"{_words(name)} {share:.0%}" for name, share in outcome.mattered.items())
        console.result(f"What mattered: {', '.join(list(parts)[:SHOWN_SETTINGS])}")
    whole, start = len(outcome.trials), outcome.start
    began = f" Trial {start.number} is what the search began with." if start else ""
    console.result(
        f"{whole + outcome.stopped} trials in {outcome.seconds:.0f} s, of which {outcome.stopped} "
        f"fell behind and were stopped.{began}"
    )
    if start and start is not outcome.trials[0]:
        gain = outcome.trials[0].mrr - start.mrr
        surely = "more" if gain > 2 * outcome.chance else "no more"
        console.result(
            f"Trial {outcome.trials[0].number} is {gain:.4f} better, {surely} than chance may make "
            f"of so few facts (twice {outcome.chance:.4f})."
        )
    console.result(f"Recipe: {outcome.recipe}")
    console.result(f"Next: mygo train --config {shlex.quote(str(outcome.recipe))}")


def _words(name: str) -> str:
    """Return a setting such as "training.batch_size" in words that a narrow column can break."""
    return name.rpartition(".")[2].replace("_", " ")


def _cells(tried: Tried, names: list[str]) -> list[object]:
    values = [tried.values[name] for name in names]
    texts = [f"{value:.3g}" if isinstance(value, float) else value for value in values]
    return [tried.number, tried.mrr, round(tried.seconds), *texts]
