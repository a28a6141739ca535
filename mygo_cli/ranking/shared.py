"""An evaluation that several processes share out."""

from __future__ import annotations

from dataclasses import fields, replace

import torch

from mygo_cli.distributed.group import Processes
from mygo_cli.ranking.evaluate import Rivals


def gather_rivals(processes: Processes, own: Rivals, first: int) -> Rivals:
    """Return the rivals that all processes counted, given those of this one's triples.

    Its triples are those from number `first` on.
    """
    if processes.alone:
        return own
    parts = processes.gather_objects(replace(own, triple=own.triple + first))
    return Rivals(
        *(torch.cat([getattr(rivals, field.name) for rivals in parts]) for field in fields(Rivals))
    )
