"""`mygo compare`: several runs on the same triples, with intervals from a paired bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mygo_cli import console
from mygo_cli.commands import completing
from mygo_cli.commands.options import (
    BatchSizeOption,
    DeviceOption,
    RunDataOption,
    RunsDirOption,
)
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.errors import UsageError

if TYPE_CHECKING:
    from mygo_cli.ranking.bootstrap import Compared, RelationCompared, Values
    from mygo_cli.runs.measured import Measured

SplitName = Literal["train", "valid", "test"]


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN[,RUN]...",
            help="Folders or names of runs; the others are held against the first. Runs joined by "
            "commas, as several seeds, count as their mean.",
            autocompletion=completing.runs,
        ),
    ],
    split: Annotated[SplitName, typer.Option(help="Which triples to rank.")] = "test",
    by: Annotated[
        Literal["relation"] | None, typer.Option(help="Compare each relation on its own, too.")
    ] = None,
    batch_size: BatchSizeOption = None,
    device: DeviceOption = "auto",
    data: RunDataOption = None,
    runs_folder: RunsDirOption = None,
    out: Output = TERMINAL,
) -> None:
    """Rank a split with several runs, and say how sure their MRR and its differences are."""
    from mygo_cli.ranking.bootstrap import RESAMPLES, compare_means, compare_relations
    from mygo_cli.runs.measured import averaged, measure_runs

    if by and len(runs) == 1:
        raise UsageError("--by relation holds runs against each other: name two or more.")
    groups = [_joined(each) for each in runs]
    with console.bars(transient=True) as progress:
        places = data, device, runs_folder
        flat = [run for group in groups for run in group]
        found = measure_runs(flat, split, *places, batch_size, progress)
        measured = [averaged([next(found) for _ in group]) for group in groups]
    values, triples = _stacked(measured), len(measured[0].values)
    compared = compare_means(values)
    parts = compare_relations(values, measured[0].relations) if by else []

    def show() -> None:
        console.result(
            f"{split} split, filtered, realistic ties; 95 % intervals from {RESAMPLES:,} resamples "
            f"of its {triples:,} triples"
        )
        print_compared(measured, compared)
        if by:
            print_relations(measured, parts)

    lines = [_as_json(*pair) for pair in zip(measured, compared, strict=True)]
    record = {"split": split, "triples": triples, "resamples": RESAMPLES, "runs": lines}
    by_relation = [
        {"relation": part.relation, "triples": part.triples, **line}
        for part in parts
        for line in map(_means_as_json, measured, part.compared)
    ]
    if by:
        record["relations"] = by_relation
    out.give(show, record, rows=map(_with_ends, by_relation if by else lines))


def _with_ends(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line whose intervals are two columns, as a table has them."""
    flat: dict[str, Any] = {}
    for key, value in line.items():
        name, is_interval, _ = key.partition("_interval")
        ends = {f"{name}_from": value[0], f"{name}_to": value[1]} if is_interval else {key: value}
        flat |= ends
    return flat


def _joined(runs: str) -> list[str]:
    """Return the runs that an argument names: one whose name has commas, or several."""
    named = [runs] if Path(runs).exists() else [run for run in runs.split(",") if run]
    if not named:
        raise UsageError(f"{runs!r} names no run.", "mygo runs lists them.")
    return named


def print_relations(measured: Sequence[Measured], parts: Sequence[RelationCompared]) -> None:
    """Print a table for each run but the first: where it is better and where it is worse."""
    names = _names(measured)
    for row, name in enumerate(names[1:], 1):
        lines = [(part, part.compared[0], part.compared[row]) for part in parts]
        console.result(f"{name} against {names[0]}, relation by relation")
        console.table(
            ("relation", "triples", "first", "MRR", "difference", "from", "to"),
            [
                (
                    part.relation,
                    part.triples,
                    first.mean,
                    here.mean,
                    f"{here.difference:+.4f}",
                    *(f"{end:+.4f}" for end in here.difference_interval),
                )
                for part, first, here in lines
            ],
        )


def _stacked(measured: Sequence[Measured]) -> Values:
    import numpy as np

    return np.stack([each.values for each in measured])


def print_compared(measured: Sequence[Measured], compared: Sequence[Compared]) -> None:
    """Print a table of the runs, and one of what sets them apart from the first."""
    from mygo_cli.runs.selection import WARNING, is_on_test

    names = _names(measured)
    pairs = list(zip(names, measured, compared, strict=True))
    console.table(
        ("run", "MRR", "from", "to", "Hits@1", "Hits@3", "Hits@10"),
        [
            (name, each.metrics.mrr, *means.interval, *each.metrics.hits.values())
            for name, each, means in pairs
        ],
    )
    if len(pairs) > 1:
        console.table(
            (f"against {names[0]}", "MRR", "from", "to", "better in"),
            [
                (
                    name,
                    f"{means.difference:+.4f}",
                    *(f"{end:+.4f}" for end in means.difference_interval),
                    f"{100 * means.better:.1f} %",
                )
                for name, _, means in pairs[1:]
            ],
        )
    if any(is_on_test(each.selected_by) for each in measured):
        console.result(WARNING)


def _names(measured: Sequence[Measured]) -> list[str]:
    """Return what the runs are called: their folders' names, whole paths where those are alike."""
    from mygo_cli.runs.selection import is_on_test

    short = [_name(each, lambda path: path.name) for each in measured]
    names = short if len(set(short)) == len(short) else [_name(each, str) for each in measured]
    return [
        f"{name} (selected on test)" if is_on_test(each.selected_by) else name
        for name, each in zip(names, measured, strict=True)
    ]


def _name(each: Measured, shown: Callable[[Path], str]) -> str:
    others = len(each.paths) - 1
    return shown(each.paths[0]) + (f" and {others} more" if others else "")


def _as_json(each: Measured, means: Compared) -> dict[str, Any]:
    """Return a run as plain values."""
    about = {"selected_by": each.selected_by, **each.metrics.row()}
    return {**about, **_means_as_json(each, means)}


def _means_as_json(each: Measured, means: Compared) -> dict[str, Any]:
    """Return the mean of a run over some triples, and how it differs from the first run's."""
    return {
        "run": ",".join(map(str, each.paths)),
        "mrr": means.mean,
        "mrr_interval": list(means.interval),
        "difference": means.difference,
        "difference_interval": list(means.difference_interval),
        "better": means.better,
    }
