"""`mygo train`: learn a model of a graph from its triples and tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mygo_cli import console
from mygo_cli.commands import completing
from mygo_cli.commands.options import CacheDirOption, RunsDirOption
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.commands.settings_options import DecoderOption, typed, with_settings_options
from mygo_cli.contracts import LOGGERS
from mygo_cli.distributed.group import started_by_torchrun
from mygo_cli.errors import UsageError
from mygo_cli.folders import cache_dir, runs_dir
from mygo_cli.settings.sections import Settings

# MRR on training facts: on world it is .47 after 10 epochs, .77 after 30 and .89 after the 120 of
# the defaults, with .300, .387 and .413 on test.
LEARNED_WELL = 0.7


@with_settings_options(Settings)
def train(
    recipe: Annotated[
        str | None,
        typer.Option(
            "--recipe",
            help="Settings that come with mygo: mygo recipes lists them. "
            "Default: large where there are 5,000 entities or more.",
            autocompletion=completing.shipped("recipe"),
        ),
    ] = None,
    config_file: Annotated[
        Path | None,
        typer.Option("--config", help="Settings in TOML, over the recipe; options overrule both."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume", help="Go on with this interrupted run.", autocompletion=completing.runs
        ),
    ] = None,
    name: Annotated[
        str,
        typer.Option(
            "--name",
            help="Put this at the end of the run's name; --run finds it by that.",
            show_default=False,
        ),
    ] = "",
    decoder_option: DecoderOption = None,
    log: Annotated[
        list[str] | None,
        typer.Option(
            "--log",
            metavar="LOGGER",
            help="Keep the run's course in csv, tensorboard, wandb, mlflow or another plugin.",
            autocompletion=completing.backends(LOGGERS),
        ),
    ] = None,
    cache_folder: CacheDirOption = None,
    runs_folder: RunsDirOption = None,
    out: Output = TERMINAL,
    **options: Any,
) -> None:
    """Train a model; the newest token caches of the graph are used unless others are named."""
    from mygo_cli.commands.training_progress import show_training
    from mygo_cli.runs.bundle import home_of
    from mygo_cli.runs.finding import named_run
    from mygo_cli.training.beginning import begin
    from mygo_cli.training.run import resume_run, train_run

    if not started_by_torchrun().first:
        console.mute()
    given, logs = typed(options), log or ()
    if resume is not None:
        if given or recipe or config_file or decoder_option or name:
            raise UsageError(
                "--resume goes on with the settings of its run.",
                "Leave the other options out, or start a new run with --config CONFIG_OF_THE_RUN.",
            )
        folder = named_run(resume, runs_dir(runs_folder))
        settings = folder.settings()
        run, result = resume_run(folder, settings, home_of(folder, settings), show_training, logs)
    else:
        settings, graph = begin(config_file, given, decoder_option or [], recipe)
        caches, runs = cache_dir(cache_folder), runs_dir(runs_folder)
        run, result = train_run(settings, graph, caches, runs, show_training, name=name, log=logs)

    def show() -> None:
        print_result(result)
        console.result(f"Run: {run.folder.path}")
        if hint := too_short(result, run.settings.training.epochs):
            console.result(hint)
        console.result("Next: mygo rank --head X --relation Y, or mygo evaluate")

    out.give(show, {"run": str(run.folder.path), **result})


def too_short(result: dict[str, Any], epochs: int) -> str:
    """Return what to say of a run that knows too little of its own facts, else nothing.

    One whose best epoch lies well before its end does not want for more of them.
    """
    learned, best = result["train_mrr"], result["epoch"]
    if learned >= LEARNED_WELL or best < 0.8 * epochs:
        return ""
    return (
        f"Of its own training facts it knows little yet (they rank at MRR {learned:.2f}). "
        f"Longer may be better: --epochs {2 * epochs}"
    )


def print_result(result: dict[str, Any]) -> None:
    """Print the metrics of the selected model."""
    from mygo_cli.runs.selection import WARNING, is_on_test

    rows = [
        (split, *(values["overall"][key] for key in ("mrr", "hits@1", "hits@3", "hits@10")))
        for split, values in result["splits"].items()
    ]
    console.table(("split", "MRR", "Hits@1", "Hits@3", "Hits@10"), rows)
    if is_on_test(result["selected_by"]):
        console.result(WARNING)
