"""`mygo experiment`: train a grid of settings with several seeds, and make one table of it."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mygo_cli import console
from mygo_cli.commands.experiment_tables import print_plan, print_table
from mygo_cli.commands.options import CacheDirOption, DataOption, JsonOption
from mygo_cli.distributed.group import started_by_torchrun
from mygo_cli.errors import Interrupted, MygoError, UsageError
from mygo_cli.folders import cache_dir, settings_folder, work_dir

if TYPE_CHECKING:
    from mygo_cli.experiments.conduct import RunOutcome
    from mygo_cli.experiments.definition import Experiment
    from mygo_cli.experiments.plan import PlannedRun
    from mygo_cli.experiments.tables import Table


def experiment(
    file: Annotated[
        Path,
        typer.Argument(help="An experiment in TOML, or the name of one that mygo recipes lists."),
    ],
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", help="Settings below those of the file, in place of its recipe."),
    ] = None,
    data: DataOption = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds",
            min=1,
            help="Train with the seeds 0, 1, ..., so many, in place of the file's.",
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", help="auto, cpu, cuda, cuda:1, mps, ...")
    ] = None,
    cache_folder: CacheDirOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="Folder of runs and tables. Default: mygo-work/experiments/<name>_<graph>.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be trained, and train nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Train every variant of an experiment with every seed; what is done already is kept."""
    from mygo_cli.experiments.definition import read_experiment

    if not started_by_torchrun().alone:
        raise UsageError(
            "An experiment trains in one process.",
            "Start it once for each GPU, with --device cuda:0 and so on: they share the runs.",
        )
    asked = read_experiment(_located(file))
    asked = dataclasses.replace(
        asked,
        recipe=recipe or asked.recipe,
        seeds=tuple(range(seeds)) if seeds else asked.seeds,
    )
    typed = {
        **({"data": {"folder": str(data)}} if data else {}),
        **({"training": {"device": device}} if device else {}),
    }
    plan = _planned(asked, typed, cache_dir(cache_folder))
    graph = settings_folder(plan[0].settings).resolve().name
    folder = output or work_dir() / "experiments" / f"{asked.path.stem}_{graph}"
    if dry_run:
        print_plan(plan, folder, as_json)
        return
    problems = train_all(asked, plan, folder)
    print_table(make_table(asked, plan, folder), as_json)
    if problems:
        raise MygoError(
            f"{problems} of {_count(plan)} runs are not done, for the reasons given above.",
            "What is done is kept: put them right and give the same command again.",
        )


def _located(file: Path) -> Path:
    """Return the path of an experiment: a file, or one that comes with mygo."""
    from mygo_cli.settings.recipes import find_shipped

    if file.suffix or len(file.parts) > 1 or file.exists():
        return file
    return find_shipped(str(file), "experiment").path


def _planned(asked: Experiment, typed: dict[str, dict[str, Any]], caches: Path) -> list[PlannedRun]:
    """Return all runs, and say which variants are the same on this graph."""
    from mygo_cli.experiments.plan import planned_runs

    plan = planned_runs(asked, typed, settings_folder, caches, console.info)
    first: dict[str, str] = {}
    for run in plan[: len(asked.variants)]:
        same = first.setdefault(run.identity, run.variant)
        if same != run.variant:
            console.info(f"{run.variant}: the same as {same} here; trained once.")
    return plan


def _count(plan: Sequence[PlannedRun]) -> int:
    """Return how many runs differ from one another."""
    return len({run.identity for run in plan})


def train_all(asked: Experiment, plan: Sequence[PlannedRun], folder: Path) -> int:
    """Train what is not done yet and keep the tables up to date; return how many runs failed.

    Raises `Interrupted` after Ctrl-C, with the command that goes on.
    """
    from mygo_cli.commands.training_progress import show_training
    from mygo_cli.experiments.conduct import conduct, done_runs, make_folder

    runs, total = make_folder(folder, asked.path), _count(plan)
    places = {key: place for place, key in enumerate(dict.fromkeys(r.identity for r in plan), 1)}
    already = len(done_runs(plan, runs))
    console.info(f"{asked.path.stem}: {total} runs, of which {already} are done.")

    def begin(run: PlannedRun) -> None:
        console.info(f"[{places[run.identity]}/{total}] {run.variant}, seed {run.seed}")

    def end(ended: RunOutcome) -> str:
        if ended.why:
            console.info(f"{ended.run.variant}, seed {ended.run.seed}: {ended.why}")
        make_table(asked, plan, folder).save()
        return ended.how

    try:
        ends = [end(ended) for ended in conduct(plan, runs, settings_folder, begin, show_training)]
    except (Interrupted, KeyboardInterrupt) as error:
        done, again = len(done_runs(plan, runs)), shlex.join(["mygo", *sys.argv[1:]])
        raise Interrupted(
            f"Interrupted; {done} of {total} runs are done.", f"Go on with: {again}"
        ) from error
    if "elsewhere" in ends:
        console.info("Give the same command again when the other process is done.")
    return ends.count("failed")


def make_table(asked: Experiment, plan: Sequence[PlannedRun], folder: Path) -> Table:
    """Return the table of what is done."""
    from mygo_cli.experiments.conduct import found_runs
    from mygo_cli.experiments.outcome import rows_of
    from mygo_cli.experiments.tables import Table

    rows = rows_of(plan, found_runs(folder / "runs"))
    return Table(folder, folder.resolve().name, asked.description, asked.seeds, rows)
