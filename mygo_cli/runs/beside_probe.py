"""A run beside the linear probe of the tokens that it was trained on, on the same facts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch

from mygo_cli.cache.format import TokenCache
from mygo_cli.errors import DataError
from mygo_cli.progress import Progress, silent
from mygo_cli.ranking.probe import RelationProbe, Side, probe_graph
from mygo_cli.ranking.ranks import mean_reciprocal
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
    that ranks below its probe wastes what its tokens tell. Raises `DataError` for a run without
    tokens, and where a token cache is gone.
    """
    caches = _caches(run)
    found = probe_graph(run.graph, caches, side, relations, progress)
    triples = run.triples_of("test" if len(run.graph.test) else "valid")
    rivals = run.rivals(triples, progress=progress)
    of_side = rivals.predict_head == (side == "head")
    better, ties = rivals.better[of_side], rivals.ties[of_side]
    asked = torch.from_numpy(triples)[rivals.triple[of_side]]
    known = asked[:, 2 if side == "head" else 0]
    has = {
        modality: torch.from_numpy(
            token_counts(TokenCache.open(path), len(run.graph.entities)).has_tokens
        )
        for modality, path in caches.items()
    }
    measured = []
    for probe in found:
        relation = asked[:, 1] == run.graph.relations.index(probe.relation)
        same = relation & has[probe.modality][known]
        mrr = mean_reciprocal(better[same], ties[same]) if same.any() else None
        measured.append(dataclasses.replace(probe, run=mrr))
    return measured


def _caches(run: Run) -> dict[str, Path]:
    """Return the token caches that the run was trained on, by modality."""
    used = run.settings.tokens.used
    found = {name: Path(tokens.cache) for name, tokens in used.items() if tokens.cache}
    if not found:
        raise DataError(f"{run.name} read no tokens.", "Leave out --run to probe the caches.")
    return found
