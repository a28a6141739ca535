"""`mygo data`: what a graph holds, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from mygo_cli import console
from mygo_cli.commands.options import DataOption
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.folders import graph_folder

if TYPE_CHECKING:
    from mygo_cli.graph.summary import GraphSummary

app = typer.Typer(
    help="Look at a graph and check it for mistakes.", no_args_is_help=True, add_completion=False
)


@app.command("info")
def info_command(data: DataOption = None, out: Output = TERMINAL) -> None:
    """Count entities, relations, triples, pictures and descriptions of a graph."""
    from mygo_cli.graph.reading import read_graph
    from mygo_cli.graph.summary import summarise

    summary = summarise(read_graph(graph_folder(data)))
    relations = [asdict(row) for row in summary.relation_table]
    out.give(partial(_show_summary, summary), asdict(summary), relations)


def _show_summary(summary: GraphSummary) -> None:
    """Print the counts of a graph as tables."""
    console.result(f"{summary.name}  ({summary.folder})")
    counts = {"entities": summary.entities, "relations": summary.relations}
    counts |= {f"{split} triples": count for split, count in summary.triples.items()}
    counts |= {"pictures": summary.pictures}
    console.table(("graph", "count"), counts.items())
    console.table(("entities with", "count"), summary.coverage.items())
    if summary.kinds:
        console.table(("kind", "entities"), summary.kinds.items())
    console.table(
        ("relation", "class", "train", "valid", "test"),
        (tuple(asdict(row).values()) for row in summary.relation_table),
    )


@app.command("check")
def check_command(
    data: DataOption = None,
    out: Output = TERMINAL,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    no_media: Annotated[bool, typer.Option("--no-media", help="Do not open pictures.")] = False,
) -> None:
    """Look for bad lines, repeats, overlap, unseen names and broken media; exit 1 on an error."""
    from mygo_cli.graph.check import check_graph
    from mygo_cli.graph.findings import SEVERITIES, Finding, counted
    from mygo_cli.runs.rows import columns

    folder = graph_folder(data)
    with console.bars(transient=True) as progress:
        findings = check_graph(folder, open_pictures=not no_media, progress=progress)
    counts = Counter(finding.severity for finding in findings)

    def show() -> None:
        for finding in findings:
            console.result(f"{finding.severity:8}{finding.text}")
        totals = ", ".join(counted(counts[severity], severity) for severity in SEVERITIES)
        console.result(f"{folder}: {totals}.")

    numbers = {f"{severity}s": counts[severity] for severity in SEVERITIES}
    listed = [asdict(finding) for finding in findings]
    value = {"folder": str(folder), **numbers, "findings": listed}
    out.give(show, value, listed, columns(Finding))
    if counts["error"] or (strict and counts["warning"]):
        raise typer.Exit(1)
