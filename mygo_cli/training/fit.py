"""A whole run: train, look at the validation split, keep the best, measure it, write it down."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mygo_cli.device import choose_precision, keep_freed_memory
from mygo_cli.distributed.group import ALONE, Processes, environment_number
from mygo_cli.errors import DataError, Interrupted
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Array
from mygo_cli.model.mygo import MyGO
from mygo_cli.model.queries import Questions, ask
from mygo_cli.progress import GracefulStop
from mygo_cli.ranking.evaluate import find_rivals, gather_rivals
from mygo_cli.ranking.filtering import Known, find_known
from mygo_cli.ranking.opinions import Heard, hear
from mygo_cli.ranking.ranks import mean_reciprocal
from mygo_cli.ranking.scorer import Scorer, block_size, encoded
from mygo_cli.runs.assemble import check_same_graph, graph_identity, rebuild_model
from mygo_cli.runs.checkpoint import load_checkpoint, save_checkpoint
from mygo_cli.runs.folder import RunFolder
from mygo_cli.runs.selection import Stopper, selection_of
from mygo_cli.settings.sections import Settings
from mygo_cli.training.fusing import fuse, hold_out
from mygo_cli.training.loggers import Loggers
from mygo_cli.training.loop import EpochDone, StepDone, Trainer
from mygo_cli.training.precision import computed_in


@dataclass(frozen=True)
class EpochValidated:
    """An epoch's result on the split that chooses: None where it was not looked at."""

    epoch: EpochDone
    mrr: float | None
    best_mrr: float


# What PyTorch and mygo raise for a state of something else.
NO_STATE = (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
NEEDED = ("model", "optimizer", "graph", "epoch", "stopper")


class TrainingRun:
    """One run in its folder: a fresh one, or what `resume` returns."""

    def __init__(
        self,
        folder: RunFolder,
        settings: Settings,
        graph: KnowledgeGraph,
        model: MyGO,
        processes: Processes = ALONE,
    ) -> None:
        self.loggers = Loggers()  # none, unless others are put here
        self.folder = folder
        self.settings = settings
        self.graph = graph
        self.processes = processes
        has_experts = model.experts is not None
        self._held = hold_out(graph, settings.training.seed) if has_experts else None
        train = graph.train if self._held is None else self._held.train
        self.trainer = Trainer(model, train, settings.training, processes)
        self.stopper = Stopper(settings.training.patience)
        self.selection = selection_of(settings, graph)
        self._saved = time.monotonic()

    @property
    def steps(self) -> int:
        """Return how many steps the run takes unless it stops early, those done before included."""
        return self.selection.last_epoch * self.trainer.steps_per_epoch

    @property
    def steps_done(self) -> int:
        """Return how many steps are done."""
        within = self.trainer.position
        whole = self.trainer.epoch * self.trainer.steps_per_epoch
        return whole + (within.step if within else 0)

    def events(self) -> Generator[StepDone | EpochValidated, None, None]:
        """Train to the end or until no progress, and yield what happened.

        The checkpoint of the last whole epoch, or a later one, is on disk at any moment: leave
        the loop, and `resume` goes on from there. Ctrl-C and SIGTERM raise `Interrupted` with the
        way on, once the step in flight is done and saved; a loop that is left early closes the
        generator to undo that. Of several processes the first writes, and all stop after the same
        step.
        """
        keep_freed_memory()
        with GracefulStop(patient=not self.processes.alone) as stop:
            for event in self._epochs():
                yield event
                if self.processes.any(stop.asked or self._save_is_due):
                    self._save_within()
                    if self.processes.any(stop.asked):
                        raise self._interrupted()
        self._log("no progress, stopped" if self.stopper.done else "training done")

    @property
    def _save_is_due(self) -> bool:
        minutes = self.settings.training.checkpoint_minutes
        return minutes > 0 and time.monotonic() - self._saved >= 60 * minutes

    def _save_within(self) -> None:
        """Save the middle of an epoch; after its end all is saved already."""
        within = self.trainer.within()
        if within is not None:
            self._save_last(within)

    def _save_last(self, within: dict[str, Any] | None) -> None:
        if self.processes.first:
            save_checkpoint(self.folder.last, {**self._state(), "within": within})
        self._saved = time.monotonic()

    def _log(self, text: str) -> None:
        if self.processes.first:
            self.folder.append_log(text)

    def _epochs(self) -> Iterator[StepDone | EpochValidated]:
        """Train and look after each epoch, until the last is done or no progress is made."""
        events = self.trainer.run()
        while not self.done and (event := next(events, None)) is not None:
            yield self._after_epoch(event) if isinstance(event, EpochDone) else event

    @property
    def done(self) -> bool:
        """Say whether there is nothing more to train."""
        return self.stopper.done or self.trainer.epoch >= self.selection.last_epoch

    def _after_epoch(self, done: EpochDone) -> EpochValidated:
        """Look at the split that chooses if it is time, save, and write the epoch down."""
        last = done.epoch == self.selection.last_epoch
        split, every, mrr = self.selection.split, self.settings.training.evaluate_every, None
        if last or (split and done.epoch % every == 0):
            scorer = encoded(self.trainer.model, self.processes)
            heard = self._hear(scorer)
            mrr = self._validate(scorer, heard)
            if mrr is None or self.stopper.look(done.epoch, mrr):
                fuse(scorer.model.experts, heard)
                self._save_best(done.epoch, mrr, scorer)
        if self.processes.first:
            # In this order a run killed in between does the epoch again, and no line is missing.
            measured = {**asdict(done), **self.selection.named(mrr)}
            self.folder.append_metrics(measured)
            self.loggers.log(measured.pop("epoch"), measured)
        self._save_last(None)
        shown = "" if mrr is None else f" {split} MRR {mrr:.4f}"
        self._log(f"epoch {done.epoch} loss {done.loss:.4f}{shown}")
        return EpochValidated(done, mrr, self.stopper.best)

    @cached_property
    def _looks(self) -> list[tuple[Tensor | None, Questions, Known]]:
        """What this process ranks of the split that chooses, the same at every look.

        Weights that are fitted to the split which chooses would make it look too good: then its
        halves are looked at one by one, each with weights fitted to the held-out facts of the
        other, which the first of the three says, (F,) bool.
        """
        if self.selection.split is None:
            return []
        choosing = self.graph.split(self.selection.split)
        own = self.processes.part(len(choosing))
        rows = np.arange(own.start, own.stop)
        parts: list[tuple[Tensor | None, Array]] = [(None, rows)]
        if self._held and self._held.half is not None and self.selection.split == "valid":
            parts = [(self._held.half != half, rows[rows % 2 == half]) for half in (0, 1)]
        facts, looks = self.graph.all_triples(), []
        for others, part in parts:
            questions = ask(choosing[part])
            looks.append((others, questions, find_known(questions.queries, facts)))
        return looks

    def _hear(self, scorer: Scorer) -> Heard | None:
        """Return what the weights of experts are fitted to, None without experts."""
        if self._held is None:
            return None
        return hear(scorer.opinions, len(scorer.entities), *self._held[:2])

    def _validate(self, scorer: Scorer, heard: Heard | None) -> float | None:
        """Return the MRR on the split that chooses, None where none does."""
        experts, count = scorer.model.experts, len(scorer.entities)
        counts = []
        for others, questions, known in self._looks:
            fuse(experts, heard, others)
            own = find_rivals(scorer, questions, known, block_size(count))
            rivals = gather_rivals(self.processes, own, 0)
            counts.append(torch.stack((rivals.better, rivals.ties)))
        return mean_reciprocal(*torch.cat(counts, 1)) if counts else None

    def _save_best(self, epoch: int, mrr: float | None, scorer: Scorer) -> None:
        if not self.processes.first:
            return
        content = {
            "model": scorer.model.state_dict(),
            "graph": graph_identity(self.graph),
            "epoch": epoch,
            "selected_by": self.selection.name,
            **self.selection.named(mrr),
            "entity_vectors": scorer.entities.cpu(),
            "relation_vectors": scorer.relations.cpu(),
        }
        if self.settings.data.holdout:
            content["held_out"] = torch.from_numpy(self.graph.valid)
        save_checkpoint(self.folder.best, content)

    def _state(self) -> dict[str, Any]:
        """Return all that goes on from here depends on, but for how far an epoch is."""
        return {
            "model": self.trainer.model.state_dict(),
            "optimizer": self.trainer.optimizer.state_dict(),
            "graph": graph_identity(self.graph),
            "triples_sha256": self.graph.triples_sha256,
            "precision": self.settings.training.precision,
            "epoch": self.trainer.epoch,
            "stopper": asdict(self.stopper),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `_state` gave, except for the model's parameters."""
        self.trainer.epoch = state["epoch"]
        try:
            self.trainer.optimizer.load_state_dict(state["optimizer"])
            # The settings may ask for more patience than the run had when it stopped.
            self.stopper = Stopper(**{**state["stopper"], "patience": self.stopper.patience})
            if state.get("within") is not None:  # older checkpoints are of whole epochs
                self.trainer.go_on_within(state["within"])
        except NO_STATE as error:
            raise DataError(
                f"{self.folder.last} does not fit the config.toml of its run.",
                f"Train anew with: mygo train --config {self.folder.config}",
            ) from error

    def _interrupted(self) -> Interrupted:
        epoch, within, last = self.trainer.epoch, self.trainer.position, self.selection.last_epoch
        saved = f"epoch {epoch} of {last}"
        if within is not None:
            steps = self.trainer.steps_per_epoch
            saved = f"step {within.step} of {steps} in epoch {epoch + 1} of {last}"
        self._log(f"interrupted after {saved}")
        way_on = how_to_go_on(self.folder, self.processes)
        return Interrupted(f"Interrupted; {saved} is saved.", way_on)


def how_to_go_on(folder: RunFolder, processes: Processes = ALONE) -> str:
    """Return the sentence with the command that goes on with a run that stopped."""
    command = folder.way_on
    if not processes.alone:
        here = environment_number("LOCAL_WORLD_SIZE") or processes.count
        torchrun = f"torchrun --nproc-per-node {here} -m mygo_cli"
        command = command.replace("mygo", torchrun, 1)
    return f"{'Go on' if folder.last.exists() else 'Begin again'} with: {command}"


def resume(
    folder: RunFolder,
    settings: Settings,
    graph: KnowledgeGraph,
    device: torch.device,
    processes: Processes = ALONE,
) -> TrainingRun:
    """Return the run of `folder` as it was when it was last saved.

    Raises `DataError` where nothing was saved, and for a damaged checkpoint, another graph, or
    other triples than the run began with: it would be neither the old run nor a new one.
    """
    if not folder.last.exists():
        raise DataError(
            f"{folder.path} stopped before anything was saved.",
            how_to_go_on(folder),
        )
    state = load_checkpoint(folder.last, NEEDED)
    check_same_graph(state["graph"], graph, folder.last)
    _check_same_triples(state, graph, folder)
    model = rebuild_model(settings, state["model"], folder.last)
    as_before = choose_precision(settings.training.precision, device)  # of older checkpoints
    settings = computed_in(state.get("precision", as_before), settings)
    fit = TrainingRun(folder, settings, graph, model.to(device), processes)
    fit.restore(state)
    if processes.first:
        folder.forget_after(fit.trainer.epoch)
    return fit


def _check_same_triples(state: Mapping[str, Any], graph: KnowledgeGraph, folder: RunFolder) -> None:
    """Raise `DataError` where the triples changed; checkpoints of before do not say which."""
    if state.get("triples_sha256", graph.triples_sha256) != graph.triples_sha256:
        raise DataError(
            f"The triples of {graph.folder} changed since {folder.path} was begun.",
            f"Put them back to go on, or train anew with: mygo train --config {folder.config}",
        )
