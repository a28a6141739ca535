"""The training loop: a generator that yields what happened. Saving and stopping live outside."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from mygo_cli.device import autocast
from mygo_cli.errors import MygoError
from mygo_cli.model.mygo import MyGO, Queries, link_loss, random_rows
from mygo_cli.ranking.queries import Batch, Questions, Triples, ask
from mygo_cli.training.schedule import rate
from mygo_cli.training.settings import TrainingSettings


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
    """A model, its optimiser and the triples that it learns from."""

    def __init__(self, model: MyGO, train: Triples, settings: TrainingSettings) -> None:
        self.model = model
        self.train = train
        self.settings = settings
        self.device = next(model.parameters()).device
        self.epoch = 0
        parameters = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(
            parameters, lr=settings.learning_rate, fused=self.device.type in ("cpu", "cuda")
        )
        self._every_question = ask(train, group=settings.questions == "distinct")

    @property
    def steps_per_epoch(self) -> int:
        """Return the number of steps of an epoch."""
        count = len(self._every_question)
        if self.settings.questions == "coin-flip":
            count = len(self.train)
        return -(-count // self.settings.batch_size)

    def run(self) -> Iterator[StepDone | EpochDone]:
        """Train until `epochs` are done; the caller may stop between any two events.

        After an `EpochDone` the state is complete: saved then and loaded into a new trainer, the
        run goes on as if it had never stopped. Raises `MygoError` when the loss is not finite.
        """
        while self.epoch < self.settings.epochs:
            yield from self._one_epoch()

    def _one_epoch(self) -> Iterator[StepDone | EpochDone]:
        started = time.perf_counter()
        questions = self._questions_of_epoch()
        answers = questions.answers.to(self.device)
        epoch, steps = self.epoch + 1, self.steps_per_epoch
        sums = torch.zeros(2, device=self.device)
        learning_rate = 0.0
        self.model.train()
        for step, batch in enumerate(questions.batches(self.settings.batch_size), 1):
            learning_rate = rate(self.settings, self.epoch * steps + step - 1, steps)
            sums += self._step(batch, answers, learning_rate, len(answers) / steps)
            yield StepDone(epoch, step, steps, learning_rate)
        loss, contrastive = (
            sums / torch.tensor([len(answers), steps], device=self.device)
        ).tolist()
        if not math.isfinite(loss + contrastive):
            raise MygoError(
                f"The loss is not a finite number in epoch {epoch}.",
                "Train with a smaller --learning-rate or --clip.",
            )
        self.epoch = epoch
        seconds = time.perf_counter() - started
        yield EpochDone(epoch, loss, contrastive, learning_rate, seconds)

    def _questions_of_epoch(self) -> Questions:
        """Return the epoch's questions in random order."""
        questions = self._every_question
        if self.settings.questions == "coin-flip":
            sides = torch.rand(len(self.train)) < 0.5
            questions = ask(self.train, sides, group=False)
        return questions.reordered(torch.randperm(len(questions)))

    def _step(
        self, batch: Batch, answers: Tensor, learning_rate: float, answers_per_step: float
    ) -> Tensor:
        """Update the parameters once; return (summed cross-entropy, contrastive loss)."""
        settings = self.settings
        queries = Queries(*(part.to(self.device, non_blocking=True) for part in batch.queries))
        rows = batch.rows.to(self.device, non_blocking=True)
        contrast = torch.zeros((), device=self.device)
        with autocast(self.device, settings.precision):
            codes = self.model.project_codes()
            entities, relations = self.model.entity_vectors(codes), self.model.relation_vectors()
            scores = self.model.scores(queries, entities, relations).float()
            link = link_loss(scores, rows, answers[batch.places], settings.label_smoothing)
            if settings.contrastive:
                sample = random_rows(len(entities), settings.contrastive_entities, self.device)
                contrast = self.model.contrast(codes, entities, sample, settings.temperature)
        # The average number of answers, not this batch's: every answer counts the same.
        loss = link / answers_per_step + settings.contrastive * contrast
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip)
        self.optimizer.step()
        return torch.stack((link.detach(), contrast.detach()))
