"""`mygo bench`: what this machine does in a second, and how long an epoch will take."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mygo_cli import console
from mygo_cli.commands import completing
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.commands.settings_options import DecoderOption, typed, with_settings_options
from mygo_cli.settings.merging import merged_settings
from mygo_cli.settings.sections import Settings

Figures = dict[str, Any]


@with_settings_options(Settings)
def bench(
    recipe: Annotated[
        str | None,
        typer.Option(
            "--recipe",
            help="Settings that come with mygo.",
            autocompletion=completing.shipped("recipe"),
        ),
    ] = None,
    config_file: Annotated[
        Path | None, typer.Option("--config", help="Settings in TOML, as for mygo train.")
    ] = None,
    decoder_option: DecoderOption = None,
    entities: Annotated[
        int | None,
        typer.Option(min=2, help="Time a generated graph of so many entities instead of --data."),
    ] = None,
    against: Annotated[
        Literal["literal"] | None,
        typer.Option(help="Time the step as the paper writes it down, too, in turn."),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Steps timed; medians are shown.")] = 5,
    out: Output = TERMINAL,
    **options: Any,
) -> None:
    """Time training, ranking and tokenizing on this machine. Nothing is written."""
    from mygo_cli.bench.figures import measure
    from mygo_cli.training.beginning import begin

    asked = config_file, typed(options), decoder_option or [], recipe
    settings, graph = (merged_settings(*asked), entities) if entities else begin(*asked)
    with console.bars(transient=True) as progress:
        figures = measure(settings, graph, against == "literal", repeats, progress)
    out.give(partial(print_figures, figures), figures)


def print_figures(figures: Figures) -> None:
    """Print the figures as a table."""
    graph = figures["graph"]
    console.result(figures["machine"])
    console.result(f"{graph['name']}: {graph['entities']:,} entities, {graph['triples']:,} triples")
    rows = [
        ("training step", _seconds(figures["seconds_per_step"])),
        ("epoch", _seconds(figures["seconds_per_epoch"])),
        ("peak memory of training", _gib(figures["peak_bytes"])),
        ("products of a step", f"{figures['operations_per_step'] / 1e9:,.1f} GFLOP"),
        ("one large product", f"{figures['product_operations_per_second'] / 1e9:,.0f} GFLOP/s"),
        ("share of that in a step", f"{figures['share_of_product_ceiling']:.0%}"),
        ("questions ranked", f"{figures['questions_ranked_per_second']:,.0f} a second"),
    ]
    if figures["pictures_tokenized_per_second"]:
        speed = f"{figures['pictures_tokenized_per_second']:,.0f} a second"
        rows.append(("pictures tokenized", speed))
    if "literal_seconds_per_step" in figures:
        rows += [
            ("literal step", _seconds(figures["literal_seconds_per_step"])),
            ("peak memory of literal steps", _gib(figures["literal_peak_bytes"])),
            ("times as fast as literal", f"{figures['times_as_fast_as_literal']:.1f}"),
            ("share of literal memory", f"{figures['share_of_literal_memory']:.0%}"),
        ]
    console.table(("what", "figure"), rows)


def _seconds(value: float) -> str:
    return f"{value * 1000:,.0f} ms" if value < 1 else f"{value:,.1f} s"


def _gib(value: int) -> str:
    return f"{value / 2**30:.2f} GiB"
