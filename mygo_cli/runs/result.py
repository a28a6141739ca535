"""The selected model of a run, measured: what `result.json` holds."""

from __future__ import annotations

from typing import Any

import torch

from mygo_cli.distributed.group import ALONE, Processes
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.runs.folder import RunFolder
from mygo_cli.runs.opened import load_trained


def measure(
    folder: RunFolder,
    graph: KnowledgeGraph,
    device: torch.device,
    processes: Processes = ALONE,
) -> dict[str, Any]:
    """Return the selected epoch, what chose it, and reports on validation and test.

    Filtered ranking of both sides, realistic ties. A split without triples is left out.
    """
    trained = load_trained(folder, device)
    reports = {
        split: trained.report(graph, triples, processes=processes)
        for split, triples in (("valid", graph.valid), ("test", graph.test))
    }
    return {
        "epoch": trained.content["epoch"],
        "validation_mrr": trained.content["validation_mrr"],
        "selected_by": trained.selected_by,
        "splits": {name: found.as_dict() for name, found in reports.items() if found},
    }
