"""`mygo tokens probe`: what the tokens tell about each relation, before any training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mygo_cli import console
from mygo_cli.commands import completing
from mygo_cli.commands.options import CacheDirOption, DataOption, RunsDirOption
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.folders import cache_dir, graph_folder

if TYPE_CHECKING:
    from mygo_cli.ranking.probe import RelationProbe


def probe(
    data: DataOption = None,
    cache_folder: CacheDirOption = None,
    side: Annotated[
        Literal["head", "tail"],
        typer.Option(help="Missing side; the tokens of the other are read."),
    ] = "tail",
    relation: Annotated[
        list[str] | None,
        typer.Option(
            help="Probe this relation only; may be given several times.",
            autocompletion=completing.relations,
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            help="Measure this run on the same facts; its own graph and caches are probed.",
            autocompletion=completing.runs,
            show_default=False,
        ),
    ] = None,
    runs_folder: RunsDirOption = None,
    out: Output = TERMINAL,
) -> None:
    """Say what tokens tell of each relation: a linear probe against answer frequency."""
    from mygo_cli.graph.reading import read_graph
    from mygo_cli.ranking.probe import probe_graph
    from mygo_cli.runs.beside_probe import probe_run
    from mygo_cli.runs.opened import open_run

    opened = open_run(run, data, "auto", runs_folder) if run is not None else None
    graph = read_graph(graph_folder(data)) if opened is None else opened.graph
    asked = [graph.find_relation(name) for name in relation] if relation else None
    with console.bars(transient=True) as progress:
        if opened is None:
            found = probe_graph(graph, cache_dir(cache_folder), side, asked, progress)
        else:
            found = probe_run(opened, side, asked, progress)
    split = "test" if len(graph.test) else "valid"
    rows = [asdict(each) | {"lift": each.lift} for each in found]
    out.give(partial(print_probes, found, split, side), rows)


def print_probes(found: Sequence[RelationProbe], split: str, side: str) -> None:
    """Print a row for each relation that could be probed, and count the others."""
    from mygo_cli.ranking.probe import LEAST_FACTS

    console.result(f"MRR of {side}s on the {split} split, filtered, of entities with tokens")
    told = [each for each in found if each.linear is not None]
    with_run = any(each.run is not None for each in told)
    headers = ("relation", "tokens", "facts", "asked", "frequency", "linear", "lift")
    rows = [
        (
            each.relation,
            each.modality,
            each.facts,
            each.asked,
            each.frequency,
            each.linear,
            None if each.lift is None else f"{each.lift:+.4f}",
            *((each.run,) if with_run else ()),
        )
        for each in told
    ]
    console.table((*headers, "run") if with_run else headers, rows)
    if silent := len(found) - len(told):
        console.result(
            f"{silent} more rows: fewer than {LEAST_FACTS} train facts of entities with tokens, "
            f"or none in {split}."
        )
    for modality in dict.fromkeys(each.modality for each in told):
        lifts = [each.lift or 0.0 for each in told if each.modality == modality]
        if max(lifts) <= 0:
            console.result(f"The {modality} tokens tell nothing that frequency does not.")
