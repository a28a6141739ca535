"""A whole run: train, look at the validation split, keep the best, measure it, write it down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch

from mygo_cli.errors import DataError, Interrupted
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.interrupt import PoliteStop
from mygo_cli.model.mygo import MyGO
from mygo_cli.ranking.evaluate import evaluate, score_with
from mygo_cli.ranking.ranks import mean_reciprocal
from mygo_cli.training.assemble import check_same_graph, graph_identity, rebuild_model
from mygo_cli.training.checkpoint import load_checkpoint, save_checkpoint
from mygo_cli.training.loop import EpochDone, StepDone, Trainer
from mygo_cli.training.run_folder import RunFolder
from mygo_cli.training.settings import Settings
from mygo_cli.training.stopping import Stopper


@dataclass(frozen=True)
class Looked:
    """An epoch's result on the validation split: None where it was not looked at."""

    epoch: EpochDone
    validation_mrr: float | None
    best_mrr: float


Watch = Callable[[StepDone | Looked], None]
NEEDED = ("model", "optimizer", "graph", "epoch", "stopper", "rng_cpu", "rng_cuda")


class Fit:
    """One run in its folder: a fresh one, or what `resume` returns."""

    def __init__(
        self, folder: RunFolder, settings: Settings, graph: KnowledgeGraph, model: MyGO
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.graph = graph
        self.trainer = Trainer(model, graph.train, settings.training)
        self.stopper = Stopper(settings.training.patience)

    @property
    def selects(self) -> bool:
        """Say whether the validation split chooses the epoch."""
        return self.settings.data.select == "best" and len(self.graph.valid) > 0

    def run(self, watch: Watch) -> None:
        """Train to the end or until no progress; raise `Interrupted` after Ctrl-C.

        The checkpoint of the last whole epoch is on disk at any moment.
        """
        with PoliteStop() as stop:
            for event in self._events():
                watch(event)
                if stop.asked:
                    raise self._interrupted()
        self.folder.append_log("no progress, stopped" if self.stopper.done else "training done")

    def _events(self) -> Iterator[StepDone | Looked]:
        """Train and look after each epoch, until all epochs are done or no progress is made."""
        events = self.trainer.run()
        while not self.stopper.done and (event := next(events, None)) is not None:
            yield self._after_epoch(event) if isinstance(event, EpochDone) else event

    def _after_epoch(self, done: EpochDone) -> Looked:
        """Look at the validation split if it is time, save, and write the epoch down."""
        last = done.epoch == self.settings.training.epochs
        mrr = None
        if self.selects and (last or done.epoch % self.settings.training.evaluate_every == 0):
            mrr = self._validate()
            if self.stopper.look(done.epoch, mrr):
                self._save_best(done.epoch, mrr)
        elif not self.selects and last:
            self._save_best(done.epoch, None)
        # In this order a run killed in between does the epoch again, and no line is missing.
        self.folder.append_metrics({**asdict(done), "validation_mrr": mrr})
        save_checkpoint(self.folder.last, self._state())
        shown = "" if mrr is None else f" validation MRR {mrr:.4f}"
        self.folder.append_log(f"epoch {done.epoch} loss {done.loss:.4f}{shown}")
        return Looked(done, mrr, self.stopper.best)

    def _validate(self) -> float:
        model, device = self.trainer.model, self.trainer.device
        rivals = evaluate(
            score_with(model), self.graph.valid, self.graph.all_triples(), device=device
        )
        return mean_reciprocal(rivals.better, rivals.ties)

    def _save_best(self, epoch: int, mrr: float | None) -> None:
        model = self.trainer.model.eval()
        with torch.no_grad():
            vectors = {
                "entity_vectors": model.entity_vectors().cpu(),
                "relation_vectors": model.relation_vectors().cpu(),
            }
        content = {
            "model": model.state_dict(),
            "graph": graph_identity(self.graph),
            "epoch": epoch,
            "validation_mrr": mrr,
            **vectors,
        }
        save_checkpoint(self.folder.best, content)

    def _state(self) -> dict[str, Any]:
        """Return all that the next epoch depends on."""
        device = self.trainer.device
        return {
            "model": self.trainer.model.state_dict(),
            "optimizer": self.trainer.optimizer.state_dict(),
            "graph": graph_identity(self.graph),
            "epoch": self.trainer.epoch,
            "stopper": asdict(self.stopper),
            "rng_cpu": torch.get_rng_state(),
            "rng_cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `_state` gave, except for the model's parameters."""
        self.trainer.optimizer.load_state_dict(state["optimizer"])
        self.trainer.epoch = state["epoch"]
        # The settings may ask for more patience than the run had when it stopped.
        self.stopper = Stopper(**{**state["stopper"], "patience": self.stopper.patience})
        torch.set_rng_state(state["rng_cpu"])
        if state["rng_cuda"] is not None and self.trainer.device.type == "cuda":
            torch.cuda.set_rng_state(state["rng_cuda"], self.trainer.device)

    def _interrupted(self) -> Interrupted:
        epoch = self.trainer.epoch
        self.folder.append_log(f"interrupted after epoch {epoch}")
        if not epoch:
            return Interrupted("Interrupted before the first epoch was done; nothing was saved.")
        return Interrupted(
            f"Interrupted; epoch {epoch} of {self.settings.training.epochs} is saved.",
            f"Go on with: mygo train --resume {self.folder.path}",
        )


def resume(
    folder: RunFolder, settings: Settings, graph: KnowledgeGraph, device: torch.device
) -> Fit:
    """Return the run of `folder` as it was after its last whole epoch.

    Raises `DataError` where no epoch was done, and for a damaged checkpoint or another graph.
    """
    if not folder.last.exists():
        raise DataError(
            f"{folder.path} stopped before its first epoch was done.",
            f"Begin again with: mygo train --config {folder.config}",
        )
    state = load_checkpoint(folder.last, NEEDED)
    check_same_graph(state["graph"], graph, folder.last)
    model = rebuild_model(settings, state["model"], folder.last)
    # The file is mapped into memory and about to be replaced: own the parameters.
    model.load_state_dict(
        {name: value.clone() for name, value in state["model"].items()}, assign=True
    )
    fit = Fit(folder, settings, graph, model.to(device))
    fit.restore(state)
    folder.forget_after(fit.trainer.epoch)
    return fit
