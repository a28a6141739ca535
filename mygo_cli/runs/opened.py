"""A trained model as the other commands use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mygo_cli.distributed.group import ALONE, Processes
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.model.mygo import MyGO
from mygo_cli.model.queries import Queries, Triples
from mygo_cli.ranking.evaluate import Rivals, evaluate, gather_rivals
from mygo_cli.ranking.ranks import TieRule
from mygo_cli.ranking.report import Report, report
from mygo_cli.ranking.scorer import Scorer, block_size
from mygo_cli.runs.assemble import check_same_graph, rebuild_model
from mygo_cli.runs.checkpoint import load_checkpoint
from mygo_cli.runs.folder import RunFolder
from mygo_cli.settings.sections import Settings

NEEDED = ("model", "graph", "epoch", "validation_mrr", "entity_vectors", "relation_vectors")


@dataclass(frozen=True)
class Trained:
    """The selected model of a run, with the vectors saved beside it: no entity is encoded again.

    `entities` (N, D) and `relations` (M, D).
    """

    folder: RunFolder
    settings: Settings
    model: MyGO
    entities: Tensor
    relations: Tensor
    content: dict[str, Any]

    @property
    def device(self) -> torch.device:
        """Return where the model is."""
        return self.entities.device

    @property
    def selected_by(self) -> str:
        """Return what chose the epoch; checkpoints of before this was written do not say."""
        return str(self.content.get("selected_by", "unknown"))

    def score(self, queries: Queries) -> Tensor:
        """Return scores (B, N), float32, of queries on any device."""
        return Scorer(self.model, self.entities, self.relations)(queries)

    def has_tokens(self, modality: str) -> Tensor | None:
        """Return which entities the model read tokens of, bool (N,); None if it read none."""
        tokens = getattr(self.model.entity_encoder, modality)
        return None if tokens is None else tokens.mask.any(1).cpu()

    def rivals(
        self,
        graph: KnowledgeGraph,
        triples: Triples,
        batch_size: int | None = None,
        advance: Callable[[int], None] = lambda done: None,
    ) -> Rivals:
        """Rank both sides of `triples` (T, 3) among all entities, filtered.

        `batch_size` questions are asked at once, None asks as many as `block_size` says.
        """
        at_once = batch_size or block_size(len(self.entities))
        return evaluate(self.score, triples, graph.all_triples(), at_once, advance)

    def report(
        self,
        graph: KnowledgeGraph,
        triples: Triples,
        ties: TieRule = "realistic",
        batch_size: int | None = None,
        advance: Callable[[int], None] = lambda done: None,
        processes: Processes = ALONE,
    ) -> Report | None:
        """Return the metrics of the model on `triples` (T, 3), both sides, filtered.

        Several `processes` share out the work, and each returns the whole report.
        """
        part = processes.part(len(triples))
        own = self.rivals(graph, triples[part], batch_size, advance)
        rivals = gather_rivals(processes, own, part.start)
        return report(
            rivals, triples, graph, self.has_tokens("image"), self.has_tokens("text"), ties
        )


def load_trained(folder: RunFolder, device: torch.device) -> Trained:
    """Return the selected model of a run; raise `DataError` for a damaged one."""
    settings = folder.settings()
    content = load_checkpoint(folder.best, NEEDED)
    model = rebuild_model(settings, content["model"], folder.best).to(device).eval()
    entities, relations = content["entity_vectors"], content["relation_vectors"]
    return Trained(folder, settings, model, entities.to(device), relations.to(device), content)


def check_graph(trained: Trained, graph: KnowledgeGraph) -> None:
    """Raise `DataError` where the model was trained on other entities or relations."""
    check_same_graph(trained.content["graph"], graph, trained.folder.best)
