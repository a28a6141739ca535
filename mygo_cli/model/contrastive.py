"""FGCL, fine-grained contrastive learning of entity vectors (section 4.3)."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mygo_cli.device import at_least_float32
from mygo_cli.model.entity_encoder import EntityOutputs

# Far below any cosine over a temperature: its exponential is 0, and no gradient becomes NaN.
NEVER = -1e4


class Views(NamedTuple):
    """What an entity's vector is to agree with: its second pass through the encoder.

    `vectors` (S, V, D): the [ENT] output, then the means over all tokens, image tokens and text
    tokens. `known` (S, V) is False where an entity has no token to take the mean of.
    """

    vectors: Tensor
    known: Tensor


def entity_views(outputs: EntityOutputs) -> Views:
    """Return the four views of S entities. Masked tokens never count."""
    means = [
        _mean(outputs.states[:, places], outputs.mask[:, places])
        for places in (slice(None), outputs.image, outputs.text)
    ]
    vectors = torch.stack([outputs.states[:, 0], *(mean for mean, _ in means)], 1)
    known = torch.stack([outputs.mask[:, 0], *(has_tokens for _, has_tokens in means)], 1)
    return Views(vectors, known)


def contrastive_loss(anchors: Tensor, views: Views, temperature: float) -> Tensor:
    """Return the mean of the InfoNCE losses of the entities' views.

    `anchors` (S, D) are the entities' vectors. An entity without a modality takes no part in its
    term, and a term that fewer than two entities take part in is left out.
    """
    pairs = zip(views.vectors.unbind(1), views.known.unbind(1), strict=True)
    losses = torch.stack([_info_nce(anchors, view, known, temperature) for view, known in pairs])
    counts = (views.known.sum(0) > 1).to(losses.dtype)
    return (losses * counts).sum() / counts.sum().clamp(min=1)


def _info_nce(anchors: Tensor, views: Tensor, known: Tensor, temperature: float) -> Tensor:
    """Return -log exp(cos(e_i, v_i) / t) / sum_j exp(cos(e_i, v_j) / t), averaged over i.

    Entities that are not `known` (S,) are neither i nor j. No shape depends on how many there
    are, so a GPU is never waited for.
    """
    cosine = F.normalize(anchors, dim=1) @ F.normalize(views, dim=1).T
    logits = (at_least_float32(cosine) / temperature).masked_fill(~known, NEVER)
    losses = logits.logsumexp(1) - logits.diagonal()
    return torch.where(known, losses, 0).sum() / known.sum().clamp(min=1)


def _mean(states: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean over real tokens, (S, D), and which entities have any, (S,)."""
    count = mask.sum(1)
    total = (states * mask[:, :, None]).sum(1)
    return total / count.clamp(min=1)[:, None], count > 0
