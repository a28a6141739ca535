"""`mygo experiment`: train a grid of settings with several seeds, and make one table of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from mygo_cli.commands import completing
from mygo_cli.commands.experiment_tables import give_plan, give_table
from mygo_cli.commands.options import CacheDirOption, DataOption
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.distributed.group import started_by_torchrun
from mygo_cli.errors import MygoError, UsageError
from mygo_cli.folders import cache_dir, settings_folder, work_dir


def experiment(
    file: Annotated[
        Path,
        typer.Argument(
            help="An experiment in TOML, or the name of one that mygo recipes lists.",
            autocompletion=completing.shipped("experiment"),
        ),
    ],
    recipe: Annotated[
        str | None,
        typer.Option(
            "--recipe",
            help="Settings below those of the file, in place of its recipe.",
            autocompletion=completing.shipped("recipe"),
        ),
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
            "-o",
            "--output",
            help="Folder of runs and tables. Default: mygo-work/experiments/<name>_<graph>.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be trained, and train nothing.")
    ] = False,
    out: Output = TERMINAL,
) -> None:
    """Train every variant of an experiment with every seed; what is done already is kept."""
    from mygo_cli.commands.training_progress import show_training
    from mygo_cli.experiments.definition import read_experiment
    from mygo_cli.experiments.run import count_runs, make_table, plan_experiment, train_all

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
    plan = plan_experiment(asked, typed, cache_dir(cache_folder))
    graph = settings_folder(plan[0].settings).resolve().name
    folder = output or work_dir() / "experiments" / f"{asked.path.stem}_{graph}"
    if dry_run:
        give_plan(plan, folder, out)
        return
    problems = train_all(asked, plan, folder, show_training)
    give_table(make_table(asked, plan, folder), out)
    if problems:
        raise MygoError(
            f"{problems} of {count_runs(plan)} runs are not done, for the reasons given above.",
            "What is done is kept: put them right and give the same command again.",
        )


def _located(file: Path) -> Path:
    """Return the path of an experiment: a file, or one that comes with mygo."""
    from mygo_cli.settings.recipes import find_shipped

    if file.suffix or len(file.parts) > 1 or file.exists():
        return file
    return find_shipped(str(file), "experiment").path
