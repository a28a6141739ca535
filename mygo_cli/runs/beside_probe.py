"""A run beside the linear probe of the tokens that it was trained on, on the same facts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch

from mygo_cli.cache.format import TokenCache
from mygo_cli.errors import DataError
from mygo_cli.progress import Progress, silent
from mygo_cli.ranking.probe import RelationProbe, Side, probe_tokens
from mygo_cli.ranking.ranks import mean_reciprocal
from mygo_cli.runs.bundle import caches_of
from mygo_cli.runs.run import Run
from mygo_cli.tokens.table import token_counts


def probe_run(
    run: Run,
    side: Side = "tail",
    relations: Sequence[int] | None = None,
    progress: Progress = silent,
) -> list[RelationProbe]:
    """Return the probe of each relation and modality of a run, with the run's own MRR.

    `side` is the one that is missing; `relations` are rows of the graph, all where None. A run
    that ranks below its probe wastes what its tokens tell.

    The run ranks the split once. Each probe is then held against the ranks of its own facts: those
    of its relation whose asked entity has tokens of its modality. `run` is None where there are
    none. Raises `DataError` for a run without tokens, and where a token cache is gone.
    """
    run.single()  # several have no caches of their own
    caches = _caches(run)
    # The probe asks the facts of this split, too.
    triples = run.triples_of("test" if len(run.graph.test) else "valid")
    rivals = run.rivals(triples, progress=progress)
    of_side = rivals.predict_head == (side == "head")
    better, ties = rivals.better[of_side], rivals.ties[of_side]
    asked = torch.from_numpy(triples)[rivals.triple[of_side]]
    known = asked[:, 2 if side == "head" else 0]
    measured = []
    for modality, path in caches.items():
        counts = token_counts(TokenCache.open(path), len(run.graph.entities))
        has_tokens = torch.from_numpy(counts.has_tokens)[known]
        for probe in probe_tokens(run.graph, counts, modality, side, relations, progress):
            same = has_tokens & (asked[:, 1] == run.graph.relations.index(probe.relation))
            mrr = mean_reciprocal(better[same], ties[same]) if same.any() else None
            measured.append(dataclasses.replace(probe, run=mrr))
    return measured


def _caches(run: Run) -> dict[str, Path]:
    """Return the run's token caches; raise `DataError` where it has none."""
    found = caches_of(run)
    if not found:
        raise DataError(f"{run.name} read no tokens.", "Leave out --run to probe the caches.")
    return found
