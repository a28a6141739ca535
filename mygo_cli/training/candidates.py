"""Which entities a step encodes: those of its questions and some drawn at random."""

from __future__ import annotations

import torch
from torch import Tensor

from mygo_cli.device import common_size
from mygo_cli.model.queries import Questions


class CandidateSampler:
    """Draws the entities that stand for all in a step, and knows how likely each was to get in.

    `num_entities` N; `draws` entities are drawn evenly and with replacement, so that a step's
    cost does not depend on N. `batch_size` questions of an epoch bring their own entities.
    """

    def __init__(
        self, questions: Questions, num_entities: int, batch_size: float, draws: int
    ) -> None:
        self.num_entities = num_entities
        self.draws = draws
        self._log_share = log_share(questions, num_entities, batch_size, draws)

    def draw(self, needed: Tensor, source: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the entities of a step (R,), ascending, and their log inclusion probability (R,).

        `needed` (any length) are the entities that the step's questions name.
        """
        drawn = torch.randint(self.num_entities, (self.draws,), generator=source)
        rows = torch.cat((needed, drawn)).unique()
        return rows, self._log_share[rows]


def log_share(questions: Questions, num_entities: int, batch_size: float, draws: int) -> Tensor:
    """Return log P(entity is encoded in a step), float32 (N,).

    An entity is missed if none of its d questions is among the b of Q that make a batch, and none
    of the K draws hits it: P = 1 - C(Q - d, b) / C(Q, b) (1 - 1 / N)^K.
    """
    total = float(len(questions))
    named = questions_naming(questions, num_entities).double()
    others = total - named
    fits = others - batch_size > -1  # with fewer others than places one of its questions is in
    log_missed = (
        torch.lgamma(others + 1)
        - torch.lgamma((others - batch_size + 1).clamp(min=1))
        - torch.lgamma(torch.tensor(total + 1))
        + torch.lgamma(torch.tensor(total - batch_size + 1))
    )
    log_missed = torch.where(fits, log_missed.clamp(max=0), -torch.inf)
    log_missed = log_missed + draws * torch.log1p(torch.tensor(-1.0 / num_entities).double())
    return torch.log(-torch.expm1(log_missed)).float()


def questions_naming(questions: Questions, num_entities: int) -> Tensor:
    """Return in how many questions each entity stands, as the known side or an answer, (N,)."""
    owner = torch.repeat_interleave(torch.arange(len(questions)), questions.start.diff())
    known = torch.bincount(questions.entity, minlength=num_entities)
    pairs = torch.unique(torch.stack((owner, questions.answers)), dim=1)
    elsewhere = pairs[1] != questions.entity[pairs[0]]
    return known + torch.bincount(pairs[1][elsewhere], minlength=num_entities)


def padded(rows: Tensor, log_share: Tensor) -> tuple[Tensor, Tensor]:
    """Return candidates and their shares (R,) with more of the last one, which stand for nobody.

    A step's products then have one of few shapes.
    """
    more = common_size(len(rows)) - len(rows)
    nobody = log_share.new_full((more,), torch.inf)
    return torch.cat((rows, rows[-1:].expand(more))), torch.cat((log_share, nobody))


def places_in(rows: Tensor, entities: Tensor) -> Tensor:
    """Return where each of `entities` first stands in `rows`, which ascend and hold them all."""
    return torch.searchsorted(rows, entities)
