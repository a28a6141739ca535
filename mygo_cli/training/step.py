"""One step's loss: entities encoded, questions scored, both shared out over the processes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mygo_cli.device import autocast
from mygo_cli.distributed.group import Processes
from mygo_cli.model.contrastive import Views, contrastive_loss
from mygo_cli.model.entity_encoder import Reading
from mygo_cli.model.fusion import Experts
from mygo_cli.model.link_loss import Sample, link_loss
from mygo_cli.model.mygo import MyGO
from mygo_cli.model.queries import Queries
from mygo_cli.settings.sections import TrainingSettings


@dataclass(frozen=True)
class StepData:
    """What a step needs to know, for this process.

    `queries` (B,) name known entities by their place among the R candidates; answer `answers[i]`,
    such a place too, belongs to query `rows[i]`, both (P,). `candidates` (R,) are the entities
    that are encoded and `log_share` (R,) how likely each was to be among them, infinite for one
    that fills up; both are None where all are. `sample` (S,) are the places of the candidates
    that are contrasted.
    """

    queries: Queries
    rows: Tensor
    answers: Tensor
    candidates: Tensor | None
    log_share: Tensor | None
    sample: Tensor

    def to(self, device: torch.device) -> StepData:
        """Return the same on a device. A GPU is not waited for."""

        def move(x: Tensor) -> Tensor:
            if device.type != "cuda":
                return x.to(device)
            return x.pin_memory().to(device, non_blocking=True)

        return StepData(
            Queries(*map(move, self.queries)),
            move(self.rows),
            move(self.answers),
            None if self.candidates is None else move(self.candidates),
            None if self.log_share is None else move(self.log_share),
            move(self.sample),
        )


class StepLoss(nn.Module):
    """The loss of a step as a module, so that `DistributedDataParallel` can wrap it.

    Each process encodes its part of the candidates and of the contrasted sample and asks its part
    of the questions; the vectors are gathered with their gradients. The mean of the processes'
    gradients is then that of one process which does it all.
    """

    def __init__(self, model: MyGO, settings: TrainingSettings, processes: Processes) -> None:
        super().__init__()
        self.model = model
        self.settings = settings
        self.processes = processes

    def forward(self, data: StepData) -> Tensor:
        """Return this process's summed cross-entropy, the contrastive loss, and the experts' sum.

        The third is there where the model has token experts only.
        """
        settings = self.settings
        with autocast(data.sample.device, settings.precision):
            reading = self.model.read(self._own_candidates(data))
            total = self._candidate_count(data)
            entities = self.processes.gather(self.model.vectors(reading), total)
            scores = self.model.scores(data.queries, entities, self.model.relation_vectors())
            asked = data.rows, data.answers
            sample = (
                None if data.log_share is None else Sample.of(data.log_share, data.queries, *asked)
            )
            link = link_loss(scores, *asked, settings.label_smoothing, sample)
            contrast = torch.zeros((), device=scores.device)
            if settings.contrastive:
                views = self._views(data, reading)
                contrast = contrastive_loss(entities[data.sample], views, settings.temperature)
            losses = [link, contrast.to(link.dtype)]
            if self.model.experts is not None:
                losses.append(self._experts_loss(self.model.experts, data, sample).to(link.dtype))
        return torch.stack(losses)

    def _experts_loss(self, experts: Experts, data: StepData, sample: Sample | None) -> Tensor:
        """Return what `Experts.loss` does; each process reads all candidates, which is cheap."""
        vectors = experts.vectors(data.candidates)
        return experts.loss(data.queries, vectors, data.rows, data.answers, sample)

    def _candidate_count(self, data: StepData) -> int:
        encoder = self.model.entity_encoder
        return encoder.num_entities if data.candidates is None else len(data.candidates)

    def _own_candidates(self, data: StepData) -> Tensor | None:
        """Return the entities that this process encodes, None for all."""
        if self.processes.alone:
            return data.candidates
        part = self.processes.part(self._candidate_count(data))
        if data.candidates is not None:
            return data.candidates[part]
        return torch.arange(part.start, part.stop, device=data.sample.device)

    def _views(self, data: StepData, reading: Reading) -> Views:
        """Return the views of the contrasted entities (S,), gathered from all processes."""
        if self.processes.alone:
            return self.model.views(reading.part(data.sample))
        own = data.sample[self.processes.part(len(data.sample))]
        entities = own if data.candidates is None else data.candidates[own]
        views = self.model.views(self.model.read(entities))
        return Views(*(self.processes.gather(part, len(data.sample)) for part in views))
