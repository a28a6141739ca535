"""Ranks cut up: overall, per side, relation, relation class and modality coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.relations import relation_classes
from mygo_cli.graph.triples import Triples
from mygo_cli.ranking.evaluate import Rivals
from mygo_cli.ranking.ranks import Metrics, TieRule, metrics, ranks

COVERAGE = ("neither", "image only", "text only", "image and text")


@dataclass(frozen=True)
class Report:
    """Metrics of one split: overall and in groups, each group by its name."""

    overall: Metrics
    sides: dict[str, Metrics]
    classes: dict[str, Metrics]
    coverage: dict[str, Metrics]
    relations: dict[str, Metrics]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as `--json` prints them."""
        groups = {
            "sides": self.sides,
            "relation_classes": self.classes,
            "coverage_of_answer": self.coverage,
            "relations": self.relations,
        }
        named = {
            title: {name: values.row() for name, values in group.items()}
            for title, group in groups.items()
        }
        return {"overall": self.overall.row(), **named}


def report(
    rivals: Rivals,
    triples: Triples,
    graph: KnowledgeGraph,
    has_image: Tensor | None,
    has_text: Tensor | None,
    ties: TieRule = "realistic",
) -> Report | None:
    """Return the report on the ranked `triples` (T, 3), None where there are none.

    `has_image` and `has_text` (N,) bool say which entities the model read tokens of; coverage is
    that of the true answer. Relation classes come from the train split.
    """
    all_ranks = ranks(rivals.better, rivals.ties, ties)
    overall = metrics(all_ranks)
    if overall is None:
        return None
    relation = torch.from_numpy(np.ascontiguousarray(triples[:, 1]))[rivals.triple]
    classes = relation_classes(graph.train, len(graph.relations))
    names = sorted(set(classes))
    class_of = torch.tensor([names.index(name) for name in classes])
    covered = torch.zeros(len(graph.entities), dtype=torch.long)
    covered += 1 * has_image.long() if has_image is not None else 0
    covered += 2 * has_text.long() if has_text is not None else 0
    return Report(
        overall=overall,
        sides=_grouped(all_ranks, rivals.predict_head.long(), ("tail", "head")),
        classes=_grouped(all_ranks, class_of[relation], names),
        coverage=_grouped(all_ranks, covered[rivals.answer], COVERAGE),
        relations=_grouped(all_ranks, relation, graph.relations),
    )


def _grouped(all_ranks: Tensor, group: Tensor, names: Sequence[str]) -> dict[str, Metrics]:
    """Return the metrics of each group that has ranks; `group` (P,) holds places in `names`."""
    found = {}
    for number in group.unique().tolist():
        values = metrics(all_ranks[group == number])
        if values is not None:
            found[names[number]] = values
    return found


def relation_sides(
    rivals: Rivals, triples: Triples, graph: KnowledgeGraph, ties: TieRule = "realistic"
) -> dict[tuple[str, str], Metrics]:
    """Return the metrics of each relation and asked side ("tail" or "head") that has ranks."""
    all_ranks = ranks(rivals.better, rivals.ties, ties)
    relation = torch.from_numpy(np.ascontiguousarray(triples[:, 1]))[rivals.triple]
    found = {}
    for heads, side in enumerate(("tail", "head")):
        asked = rivals.predict_head == bool(heads)
        for name, values in _grouped(all_ranks[asked], relation[asked], graph.relations).items():
            found[name, side] = values
    return found
