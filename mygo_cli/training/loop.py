"""The training loop: a generator that yields what happened. Saving and stopping live outside."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from mygo_cli.device import repeatable, seed_everything
from mygo_cli.distributed.group import ALONE, Processes
from mygo_cli.distributed.synced_norm import sync_batch_norms
from mygo_cli.errors import MygoError, UsageError
from mygo_cli.graph.triples import Triples
from mygo_cli.model.mygo import MyGO
from mygo_cli.model.queries import Queries, Questions, ask
from mygo_cli.settings.sections import TrainingSettings
from mygo_cli.training.candidates import CandidateSampler, padded, places_in
from mygo_cli.training.memory import free_memory, refuse_what_cannot_fit
from mygo_cli.training.optimizer import Optimizer, rate
from mygo_cli.training.position import Position, restored
from mygo_cli.training.step import StepData, StepLoss

CHECKED_EVERY = 100  # steps between two looks whether the loss is still a number


@dataclass(frozen=True)
class StepDone:
    """One optimiser step of an epoch, counted from 1."""

    epoch: int
    step: int
    steps: int
    learning_rate: float


@dataclass(frozen=True)
class EpochDone:
    """One pass over the training triples, counted from 1.

    `loss` is the mean cross-entropy of an answer in nats, `contrastive` the mean contrastive loss,
    before its weight.
    """

    epoch: int
    loss: float
    contrastive: float
    learning_rate: float
    seconds: float


class Trainer:
    """A model, its optimiser and the triples that it learns from.

    Several `processes` share out each step and end up with the same parameters. `loss` turns
    `StepData` into the two sums of a step.
    """

    def __init__(
        self,
        model: MyGO,
        train: Triples,
        settings: TrainingSettings,
        processes: Processes = ALONE,
    ) -> None:
        self.model = model
        self.train = train
        self.settings = settings
        self.processes = processes
        self.device = next(model.parameters()).device
        self.epoch = 0
        self.position: Position | None = None  # in an epoch that has begun
        self._every_question = ask(train, group=settings.questions == "distinct")
        self._sampler = self._make_sampler()
        self._refuse_what_cannot_fit()
        self.optimizer = Optimizer(model, settings.learning_rate, settings.clip)
        self.loss = self._make_loss()

    def _make_sampler(self) -> CandidateSampler | None:
        """Return what draws the candidates of a step, None where all entities are scored."""
        entities, draws = self.model.entity_encoder.num_entities, self.settings.candidates
        if not 0 < draws < entities:
            return None
        for table in self.model.entity_tables():
            table.sparse = True
        questions = self._questions()
        return CandidateSampler(questions, entities, len(questions) / self.steps_per_epoch, draws)

    def _refuse_what_cannot_fit(self) -> None:
        """Raise `UsageError` where a step needs more memory than there is."""
        batch = min(self.settings.batch_size, max(1, self.question_count))
        candidates = self.model.entity_encoder.num_entities
        if self._sampler is not None:
            candidates = min(candidates, self.settings.candidates + 2 * batch)
        refuse_what_cannot_fit(
            self.model,
            -(-batch // self.processes.count),
            candidates,
            self._sampler is not None,
            free_memory(self.device),
        )

    def _make_loss(self) -> nn.Module:
        loss = StepLoss(self.model, self.settings, self.processes)
        if self.processes.alone:
            return loss
        smallest = self.question_count // self.steps_per_epoch
        if smallest < 2 * self.processes.count:
            raise UsageError(
                f"A step has {smallest} questions, too few for {self.processes.count} processes.",
                "Use fewer processes or a larger --batch-size.",
            )
        sync_batch_norms(self.model, self.processes)
        return _distributed(loss)

    @property
    def question_count(self) -> int:
        """Return the number of questions that an epoch asks."""
        coin_flip = self.settings.questions == "coin-flip"
        return len(self.train) if coin_flip else len(self._every_question)

    @property
    def steps_per_epoch(self) -> int:
        """Return the number of steps of an epoch."""
        return -(-self.question_count // self.settings.batch_size)

    def run(self) -> Iterator[StepDone | EpochDone]:
        """Train until `epochs` are done; the caller may stop between any two events.

        After an `EpochDone` the state is complete: saved then and loaded into a new trainer, the
        run goes on as if it had never stopped. After a `StepDone` it is with what `within` gives.
        Raises `MygoError` when loss or parameters are not finite.
        """
        while self.epoch < self.settings.epochs:
            yield from self._one_epoch()

    def _one_epoch(self) -> Iterator[StepDone | EpochDone]:
        order = seed_epoch(self.settings.seed, self.epoch, self.processes.rank)
        questions = self._questions(order)
        questions = questions.reordered(torch.randperm(len(questions), generator=order))
        epoch, steps = self.epoch + 1, self.steps_per_epoch
        place = self.position = self.position or Position(order, self.device)
        place.begin()
        self.model.train()
        for batch in islice(questions.batches(self.settings.batch_size), place.step, None):
            data = self._step_data(batch, place.order).to(self.device)
            with repeatable(self.device):
                place.add(self._step(data, self._rate(place.step), len(questions.answers) / steps))
            if place.step % CHECKED_EVERY == 0:
                self._check_losses(place)
            yield StepDone(epoch, place.step, steps, self._rate(place.step - 1))
        self._check_losses(place)
        self._check_parameters(place)
        links, contrasts = zip(*self.processes.gather_objects(place.sums.tolist()), strict=True)
        loss, contrastive = sum(links) / len(questions.answers), contrasts[0] / steps
        self.epoch, self.position = epoch, None
        yield EpochDone(epoch, loss, contrastive, self._rate(-1), place.seconds)

    def _rate(self, step: int) -> float:
        """Return the learning rate of a step of the epoch in work, counted from 0."""
        steps = self.steps_per_epoch
        return rate(self.settings, self.epoch * steps + step, steps)

    def within(self) -> dict[str, Any] | None:
        """Return how far the epoch in work is, None where none is; `go_on_within` takes it over.

        All processes must ask. Raises `MygoError` when loss or parameters are not finite: no such
        state is worth keeping.
        """
        if self.position is None:
            return None
        self._check_losses(self.position)
        self._check_parameters(self.position)
        return self.position.state(self.steps_per_epoch, self.processes)

    def go_on_within(self, state: Mapping[str, Any]) -> None:
        """Begin in the middle of an epoch; raises what `position.restored` raises."""
        self.position = restored(state, self.steps_per_epoch, self.processes, self.device)

    def _check_losses(self, place: Position) -> None:
        good = min(self.processes.gather_objects(int(place.good)))
        if good < place.step:
            self._refuse("The loss is not a finite number", good + 1)

    def _check_parameters(self, place: Position) -> None:
        finite = [torch.isfinite(parameter).all() for parameter in self.model.parameters()]
        if not torch.stack(finite).all():
            self._refuse("The parameters are not finite numbers", place.step)

    def _refuse(self, problem: str, step: int) -> None:
        raise MygoError(
            f"{problem} in epoch {self.epoch + 1}, step {step} of {self.steps_per_epoch}.",
            "Train with a smaller --learning-rate or --clip.",
        )

    def _questions(self, order: torch.Generator | None = None) -> Questions:
        """Return the questions of an epoch, sides drawn by coin flip where the settings say so."""
        if self.settings.questions != "coin-flip":
            return self._every_question
        sides = torch.rand(len(self.train), generator=order) < 0.5
        return ask(self.train, sides, group=False)

    def _step_data(self, batch: Questions, order: torch.Generator) -> StepData:
        """Return what a step needs: the same draws in each process, its own part of the batch."""
        answers, rows = batch.answers, batch.rows
        entity, relation, predict_head = batch.queries
        candidates = log_share = None
        count = self.model.entity_encoder.num_entities
        if self._sampler is not None:
            candidates, log_share = self._sampler.draw(torch.cat((entity, answers)), order)
            count = len(candidates)
            candidates, log_share = padded(candidates, log_share)
            entity, answers = places_in(candidates, entity), places_in(candidates, answers)
        sample = torch.randperm(count, generator=order)[: self.settings.contrastive_entities]
        own = self.processes.part(len(entity))
        mine = (rows >= own.start) & (rows < own.stop)
        return StepData(
            Queries(entity[own], relation[own], predict_head[own]),
            rows[mine] - own.start,
            answers[mine],
            candidates,
            log_share,
            sample,
        )

    def _step(self, data: StepData, learning_rate: float, answers_per_step: float) -> Tensor:
        """Update the parameters once; return (summed cross-entropy, contrastive loss)."""
        losses: Tensor = self.loss(data)
        # The average number of answers, not this batch's: every answer counts the same. Gradients
        # are averaged over processes, of which each knows but its own answers.
        link_weight = self.processes.count / answers_per_step
        loss = link_weight * losses[0] + self.settings.contrastive * losses[1]
        loss = loss + link_weight * losses[2:].sum()
        self.optimizer.step(loss, learning_rate)
        return losses[:2].detach()


def _distributed(loss: StepLoss) -> DistributedDataParallel:
    """Return the loss with gradients averaged over processes.

    No buffer is broadcast: token tables never change, and batch norms see the whole batch.
    """
    names = inspect.signature(DistributedDataParallel).parameters
    newer = "forward_sync_buffers"  # the name from PyTorch 2.12 on
    option: Any = {newer if newer in names else "broadcast_buffers": False}
    return DistributedDataParallel(loss, **option)


def seed_epoch(seed: int, epoch: int, rank: int) -> torch.Generator:
    """Seed an epoch's dropout, other in each process; return the source of all that they share.

    An epoch depends on its number alone: a run that goes on draws what it would have drawn.
    """
    everyone, own = (
        int(np.random.SeedSequence((seed, epoch, *which)).generate_state(1, np.uint64)[0] >> 1)
        for which in ((0,), (1, rank))
    )
    seed_everything(own)
    return torch.Generator().manual_seed(everyone)
