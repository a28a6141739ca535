"""`mygo score`: how plausible given facts are, known or not."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mygo_cli import console
from mygo_cli.commands import completing
from mygo_cli.commands.options import (
    BatchSizeOption,
    DeviceOption,
    RunDataOption,
    RunOption,
    RunsDirOption,
)
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.errors import UsageError

if TYPE_CHECKING:
    from mygo_cli.runs.rows import Rows
    from mygo_cli.runs.scored_facts import ScoredFact


def score(
    fact: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="HEAD RELATION TAIL",
            help="One fact: head, relation and tail, ids or display names.",
            autocompletion=completing.parts_of_a_fact,
            show_default=False,
        ),
    ] = None,
    facts: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="Score every fact of this file: head, relation, tail, separated by tabs, or by "
            "commas in .csv, each also .gz; - reads standard input.",
        ),
    ] = None,
    batch_size: BatchSizeOption = None,
    run: RunOption = None,
    device: DeviceOption = "auto",
    data: RunDataOption = None,
    runs_folder: RunsDirOption = None,
    out: Output = TERMINAL,
) -> None:
    """Say how plausible given facts are: score, probability and rank of both sides."""
    given = fact or []
    if bool(given) == (facts is not None):
        raise UsageError(
            "Give one fact or a file of them.", "mygo score HEAD RELATION TAIL, or --file FACTS.tsv"
        )
    if given and len(given) != 3:
        raise UsageError(
            f"A fact has three parts, not {len(given)}: head, relation and tail.",
            'Quote names that hold blanks: "South Korea".',
        )
    from mygo_cli.ranking.named_rows import find_triples, read_triples
    from mygo_cli.runs.opened import open_run

    opened = open_run(run, data, device, runs_folder)
    if facts is not None:
        triples = read_triples(facts, opened.graph)
    else:
        triples = find_triples(opened.graph, [(given[0], given[1], given[2])])
    with console.bars(transient=True) as progress:
        found = opened.score_facts(triples, batch_size, progress)
    out.give_rows(found, show=partial(print_sides, found) if given else None)


def print_sides(found: Rows[ScoredFact]) -> None:
    """Print one fact: a row for the tail that was asked for, and one for the head."""
    (fact,) = found
    head, relation, tail = fact.head_name, fact.relation, fact.tail_name
    console.result(
        f"({head}, {relation}, {tail}): {fact.fact}, plausibility {fact.plausibility:.4f}"
    )
    tail_side = (fact.tail_place, fact.tail_probability, fact.tail_score)
    head_side = (fact.head_place, fact.head_probability, fact.head_score)
    console.table(
        ("asked", "answer", "rank", "probability", "score"),
        [
            (f"({head}, {relation}, ?)", tail, *tail_side),
            (f"(?, {relation}, {tail})", head, *head_side),
        ],
    )
