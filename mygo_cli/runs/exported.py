"""What of a run can be written to a file: vectors, or scores of triples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from mygo_cli.errors import UsageError, suggest
from mygo_cli.exports.tables import Table, entity_table, relation_table, score_table
from mygo_cli.graph.triples import Triples
from mygo_cli.progress import Progress, silent

if TYPE_CHECKING:
    from mygo_cli.runs.run import Run

What = Literal["entities", "relations", "scores"]


def table_of(
    run: Run,
    what: What,
    triples: Triples | None = None,
    batch_size: int | None = None,
    progress: Progress = silent,
) -> Table:
    """Return what `Run.export` writes; scores of other `triples` (T, 3) than the test split's.

    Raises `UsageError` for anything else, and for vectors of several runs that answer together.
    """
    if what == "entities":
        return entity_table(run.graph, run.entity_vectors())
    if what == "relations":
        return relation_table(run.graph, run.relation_vectors())
    if what != "scores":
        raise UsageError(f"A run exports no {what}.", suggest(what, get_args(What)))
    rows = run.triples_of("test") if triples is None else triples
    return score_table(run.graph, rows, run.rivals(rows, batch_size, progress, "score"))
