"""`mygo quickstart`: the whole way on the built-in graph, from pictures to missing facts."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path

from mygo_cli import console
from mygo_cli.commands.evaluate import evaluate
from mygo_cli.commands.options import CacheDirOption, RunsDirOption
from mygo_cli.commands.rank import rank
from mygo_cli.commands.report import REPORT, report
from mygo_cli.commands.tokenize import tokenize
from mygo_cli.commands.train import train
from mygo_cli.errors import Interrupted
from mygo_cli.folders import runs_dir

EPOCHS = 30  # of the 120 by default: most of the quality in a quarter of the time
TRAINING = 1  # the place of that step, which says itself how it goes on
TRY_NEXT = (
    ("mygo rank --head Japan --relation imports_from --hide-known", "only facts that are new"),
    ("mygo complete --top 25", "the most plausible facts that the graph does not hold"),
    ("mygo tokens show kenya --html kenya.html", "the picture patches that Kenya is known by"),
    ("mygo train", "four times as long, as by default: better answers"),
    ("mygo train --no-image --no-text", "the same model on structure alone"),
    ("mygo train --decoder distmult", "another decoder; mygo backends lists them"),
    ("mygo tokenize --data FOLDER", "your own graph; docs/data.md has the layout"),
)


def quickstart(cache_folder: CacheDirOption = None, runs_folder: RunsDirOption = None) -> None:
    """Tokenize, train, evaluate and rank on the built-in graph world, in about a minute."""
    from mygo_cli.runs.finding import newest_run

    started = time.perf_counter()
    steps = _steps(cache_folder, runs_folder)
    for place, (line, step) in enumerate(steps):
        console.result(f"\n$ {line}", "bold")
        try:
            step()
        except KeyboardInterrupt as stop:
            if place <= TRAINING:  # the same command goes on with tokens
                raise
            rest = " && ".join(line for line, _ in steps[place:])
            raise Interrupted("Interrupted; the model is trained.", f"Go on with: {rest}") from stop
    seconds = time.perf_counter() - started
    console.result(f"Done in {seconds:.0f} s. These commands ran:")
    for line, _ in steps:
        console.result(f"  {line}")
    console.result("Try next:")
    width = max(len(line) for line, _ in TRY_NEXT)
    for line, why in TRY_NEXT:
        console.result(f"  {line:<{width}}  # {why}")
    page = newest_run(runs_dir(runs_folder)).path / REPORT
    console.result(f"Open in a browser: {page}")


def _steps(
    cache_folder: Path | None, runs_folder: Path | None
) -> list[tuple[str, Callable[[], None]]]:
    """Return each command line with the function that does the same."""
    caches = _flag("--cache-dir", cache_folder)
    runs = _flag("--runs-dir", runs_folder)
    return [
        (f"mygo tokenize{caches}", lambda: tokenize(cache_folder=cache_folder)),
        (
            f"mygo train --epochs {EPOCHS}{caches}{runs}",
            lambda: train(
                training__epochs=EPOCHS, cache_folder=cache_folder, runs_folder=runs_folder
            ),
        ),
        (f"mygo evaluate{runs}", lambda: evaluate(runs_folder=runs_folder)),
        (
            f"mygo rank --head kenya --relation flag_colour --top 6{runs}",
            lambda: rank(head="kenya", relation="flag_colour", top=6, runs_folder=runs_folder),
        ),
        (
            f"mygo rank --head Iceland --relation imports_from --top 5{runs}",
            lambda: rank(head="Iceland", relation="imports_from", top=5, runs_folder=runs_folder),
        ),
        (
            f"mygo rank --relation grows --tail coffee --hide-known --top 5{runs}",
            lambda: rank(
                relation="grows", tail="coffee", hide_known=True, top=5, runs_folder=runs_folder
            ),
        ),
        (f"mygo report{runs}", lambda: report(runs_folder=runs_folder)),
    ]


def _flag(name: str, folder: Path | None) -> str:
    return "" if folder is None else f" {name} {shlex.quote(str(folder))}"
