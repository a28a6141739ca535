"""One training step as the paper writes it down: the truth that the fast paths are held to."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mygo_cli import backends
from mygo_cli.contracts import DECODERS
from mygo_cli.model.entity_encoder import ModalityTokens
from mygo_cli.model.mygo import MyGO
from mygo_cli.model.queries import Queries
from mygo_cli.model.transformer import Encoder
from mygo_cli.settings.sections import TrainingSettings
from mygo_cli.training.step import StepData


class LiteralLoss(nn.Module):
    """The loss of section 4 in plain tensor operations, over the parameters of a `MyGO`.

    Every token of every entity is projected for itself, all entities pass the encoder twice and
    every output is computed; the contrastive loss compares by broadcasting and TuckER's matrices
    (B, D, D) exist for the whole batch. Slow on purpose: nothing here is shared with the model
    but its parameters, so gradients land in the same places.
    """

    def __init__(self, model: MyGO, settings: TrainingSettings) -> None:
        super().__init__()
        self.model = model
        self.settings = settings
        # Any other decoder is asked as it is: what it computes is known to itself alone.
        self.tucker = type(model.decoder) is backends.load(DECODERS, "tucker")
        self.entity_layers = _plain_encoder(model.entity_encoder.encoder)
        self.triple_layers = _plain_encoder(model.triple_encoder.encoder)

    def forward(self, data: StepData) -> Tensor:
        """Return what `StepLoss` returns: summed cross-entropy and contrastive loss, (2,)."""
        entities = self.entity_outputs()[0][:, 0]
        logs = self.scores(data.queries, entities).log_softmax(1)
        share = self.settings.label_smoothing
        truth = (1 - share) * logs[data.rows, data.answers] + share * logs.mean(1)[data.rows]
        contrast = torch.zeros_like(truth[0])
        if self.settings.contrastive:
            contrast = self.contrast(entities, data.sample)
        return torch.stack((-truth.sum(), contrast))

    def entity_outputs(self) -> tuple[Tensor, Tensor]:
        """Return all outputs of the entity encoder, (N, L, D), and what is real, (N, L)."""
        x, mask = self._sequences()
        return self.entity_layers(x, src_key_padding_mask=~mask), mask

    def _sequences(self) -> tuple[Tensor, Tensor]:
        """Return X(e) of every entity: [ENT], s_e, image tokens, text tokens (section 4.2.1)."""
        own = self.model.entity_encoder
        count = own.num_entities
        real = torch.ones(count, 1, dtype=torch.bool, device=own.entity_token.device)
        parts, masks = [own.entity_token.expand(count, 1, -1)], [real]
        if own.structure is not None:
            normed = own.structure_norm(own.structure.weight)
            parts.append((_drop(own.structure_dropout, normed) + own.structure_offset)[:, None])
            masks.append(real)
        for tokens in (own.image, own.text):
            if tokens is not None:
                parts.append(_projected(tokens))
                masks.append(tokens.mask)
        return torch.cat(parts, 1), torch.cat(masks, 1)

    def scores(self, queries: Queries, entities: Tensor) -> Tensor:
        """Return the scores (B, N) of all entities as answers (section 4.2.2 and 4.2.3)."""
        own = self.model.triple_encoder
        normed = self.model.relation_norm(self.model.relation.weight)
        relation = _drop(self.model.relation_dropout, normed)[queries.relation]
        known, missing = entities[queries.entity], own.context_token.expand(len(relation), -1)
        ask_head = queries.predict_head[:, None]
        x = torch.stack(
            (
                torch.where(ask_head, missing, known) + own.places[0],
                relation + own.places[1],
                torch.where(ask_head, known, missing) + own.places[2],
            ),
            1,
        )
        outputs = self.triple_layers(x)
        context = torch.where(ask_head, outputs[:, 0], outputs[:, 2])
        if self.tucker:
            return _tucker(self.model.decoder, context, outputs[:, 1], entities)
        scores: Tensor = self.model.decoder(context, outputs[:, 1], entities)
        return scores

    def contrast(self, entities: Tensor, sample: Tensor) -> Tensor:
        """Return the contrastive loss of the entities `sample` (section 4.3)."""
        states, mask = self.entity_outputs()  # all of them, of which a sample is used
        temperature = self.settings.temperature
        states, mask, anchors = states[sample], mask[sample], entities[sample]
        start = 1 if self.model.entity_encoder.structure is None else 2
        image = self.model.entity_encoder.image
        split = start if image is None else start + image.ids.shape[1]
        places = (slice(0, None), slice(start, split), slice(split, None))
        terms = [_info_nce(anchors, states[:, 0], temperature)]
        for place in places:
            count = mask[:, place].sum(1)
            mean = (states[:, place] * mask[:, place, None]).sum(1) / count.clamp(min=1)[:, None]
            if (count > 0).sum() > 1:
                terms.append(_info_nce(anchors[count > 0], mean[count > 0], temperature))
        return torch.stack(terms).mean()


def _plain_encoder(encoder: Encoder) -> nn.TransformerEncoder:
    """Return PyTorch's own encoder with the very parameters of ours."""
    first: Any = encoder.layers[0]
    layer = nn.TransformerEncoderLayer(
        first.norm1.normalized_shape[0],
        first.self_attn.heads,
        first.linear1.out_features,
        dropout=first.dropout.p,
        batch_first=True,
    )
    plain = nn.TransformerEncoder(layer, len(encoder.layers), enable_nested_tensor=False)
    for name, parameter in encoder.named_parameters():
        holder, _, last = name.rpartition(".")
        setattr(plain.get_submodule(holder), last, parameter)
    return plain


def _drop(dropout: Any, x: Tensor) -> Tensor:
    """Return `x` after PyTorch's own dropout at the rate of one of our modules."""
    return F.dropout(x, dropout.p, dropout.training)


def _projected(tokens: ModalityTokens) -> Tensor:
    """Return the tokens of every entity, each looked up and projected for itself, (N, m, D)."""
    normed = tokens.norm(tokens.proj(tokens.codes[tokens.ids]))
    return _drop(tokens.dropout, normed) + tokens.offset


def _tucker(decoder: Any, query: Tensor, relation: Tensor, entities: Tensor) -> Tensor:
    """Return W x_1 r x_2 q x_3 e with the published batch norms and dropouts, (B, N)."""
    x = _drop(decoder.dropout_in, decoder.norm_in(query))
    relation = _drop(decoder.dropout_relation, relation)
    matrices = (relation @ decoder.core.flatten(1)).unflatten(1, decoder.core.shape[1:])
    matrices = _drop(decoder.dropout_matrix, matrices)
    mixed = torch.bmm(x[:, None], matrices)[:, 0]
    return _drop(decoder.dropout_out, decoder.norm_out(mixed)) @ entities.T


def _info_nce(anchors: Tensor, views: Tensor, temperature: float) -> Tensor:
    """Return -log exp(cos(e_i, v_i) / t) / sum_j exp(cos(e_i, v_j) / t), averaged over i."""
    cosine = F.cosine_similarity(anchors[:, None], views[None], dim=2)
    return F.cross_entropy(cosine / temperature, torch.arange(len(anchors), device=cosine.device))
