"""An evaluation that several processes share out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import torch
from torch import Tensor

from mygo_cli.model.mygo import Queries
from mygo_cli.processes.group import Processes
from mygo_cli.ranking.evaluate import Rivals, evaluate
from mygo_cli.ranking.queries import Triples


def evaluate_shared(
    processes: Processes,
    score: Callable[[Queries], Tensor],
    triples: Triples,
    known: Triples,
    device: torch.device | str = "cpu",
    batch_size: int = 512,
    advance: Callable[[int], None] = lambda done: None,
) -> Rivals:
    """Rank both sides of `triples` (T, 3) as `evaluate` does, each process its part of them.

    Every process returns the rivals of all.
    """
    part = processes.part(len(triples))
    own = evaluate(score, triples[part], known, batch_size, device, advance)
    if processes.alone:
        return own
    own.triple.add_(part.start)
    parts = processes.gather_objects(own)
    return Rivals(
        *(torch.cat([getattr(rivals, field.name) for rivals in parts]) for field in fields(Rivals))
    )
