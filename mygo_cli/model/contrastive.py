"""FGCL, fine-grained contrastive learning of entity vectors (section 4.3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mygo_cli.model.entity_encoder import EntityOutputs


def contrastive_loss(anchors: Tensor, outputs: EntityOutputs, temperature: float) -> Tensor:
    """Return the mean of the InfoNCE losses of an entity's four views.

    `anchors` (S, D) are the entities' vectors, `outputs` their second pass through the encoder.
    The views are its [ENT] output and the means over all tokens, image tokens and text tokens;
    masked tokens never count, and an entity without a modality takes no part in its term.
    """
    terms = [
        _info_nce(anchors, outputs.states[:, 0], temperature),
        _info_nce(anchors, _mean(outputs.states, outputs.mask)[0], temperature),
    ]
    for places in (outputs.image, outputs.text):
        mean, has_tokens = _mean(outputs.states[:, places], outputs.mask[:, places])
        rows = has_tokens.nonzero()[:, 0]
        if len(rows) > 1:
            terms.append(_info_nce(anchors[rows], mean[rows], temperature))
    return torch.stack(terms).mean()


def _info_nce(anchors: Tensor, views: Tensor, temperature: float) -> Tensor:
    """Return -log exp(cos(e_i, v_i) / t) / sum_j exp(cos(e_i, v_j) / t), averaged over i."""
    cosine = F.normalize(anchors, dim=1) @ F.normalize(views, dim=1).T
    return F.cross_entropy(cosine / temperature, torch.arange(len(anchors), device=anchors.device))


def _mean(states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean over real tokens, (S, D), and which entities have any, (S,)."""
    count = mask.sum(1)
    total = (states * mask[:, :, None]).sum(1)
    return total / count.clamp(min=1)[:, None], count > 0
