"""Late fusion: the joint score plus what each token expert says, weighted by relation and side."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mygo_cli.device import at_least_float32
from mygo_cli.model.experts import ExpertVectors, ModalityExperts
from mygo_cli.model.link_loss import Sample, link_loss
from mygo_cli.model.queries import Queries
from mygo_cli.model.relation_maps import relation_side
from mygo_cli.tokens.bags import TokenBags

STEPS = 60  # of the solver of the weights, which has converged by then
LEAST = 1e-3  # nats: a step that gains less of all facts together is its last
PULL = 5.0  # how strongly a side's weights are held to those of all, against one fact's nats


class Experts(nn.Module):
    """The token experts of all modalities and the `weights` (2 M, 1 + E) of joint score and each.

    The weights are no parameters: training fits them to facts that it held out. Before that the
    joint score counts alone.
    """

    weights: Tensor

    def __init__(
        self,
        bags: dict[str, TokenBags],
        num_entities: int,
        num_relations: int,
        dim: int,
        dropout: float,
        structure: bool = True,
    ) -> None:
        super().__init__()
        self.num_entities = num_entities
        self.modalities = nn.ModuleDict(
            {
                name: ModalityExperts(each, num_entities, num_relations, dim, dropout, structure)
                for name, each in bags.items()
            }
        )
        count = sum(len(each.kinds) for each in self.named().values())
        weights = torch.zeros(2 * num_relations, 1 + count)
        weights[:, 0] = 1
        self.register_buffer("weights", weights)

    def named(self) -> dict[str, ModalityExperts]:
        """Return the experts of each modality."""
        return {
            name: part
            for name, part in self.modalities.items()
            if isinstance(part, ModalityExperts)
        }

    def entity_tables(self) -> list[nn.Embedding]:
        """Return the embeddings with a row for each entity."""
        free = [each.free for each in self.named().values() if each.free is not None]
        return [table for each in free for table in (each.asking, each.answering)]

    def vectors(self, rows: Tensor | None = None) -> list[ExpertVectors]:
        """Return what each modality's experts know of the entities `rows` (R,), all where None."""
        rows = torch.arange(self.num_entities, device=self.weights.device) if rows is None else rows
        return [each.vectors(rows) for each in self.named().values()]

    def loss(
        self,
        queries: Queries,
        vectors: list[ExpertVectors],
        rows: Tensor,
        answers: Tensor,
        sample: Sample | None = None,
    ) -> Tensor:
        """Return the experts' summed cross-entropy, each as if it were the only model.

        As `link_loss`, whose answers count for an expert if their question can be read by it.
        """
        losses = []
        for each, known in zip(self.named().values(), vectors, strict=True):
            readable = each.readable(queries.entity[rows], answers, known)
            factors = each.factors(queries, known)
            for kind, (asking, candidates), keep in zip(each.kinds, factors, readable, strict=True):
                # What is read of candidates are their tokens: one without is never the answer.
                able = None if kind == "tokens to entity" else known.known
                scores = asking @ candidates.T
                losses.append(
                    link_loss(scores, rows[keep], answers[keep], sample=sample, known=able)
                )
        return torch.stack(losses).sum()

    def opinions(self, queries: Queries, vectors: list[ExpertVectors]) -> Tensor:
        """Return the experts' scores (B, E, N) of all entities.

        An expert that cannot read a question says the same of every entity; of a candidate without
        tokens it says what it says of entities on average, as it knows nothing for or against it.
        """
        parts = self._products(queries, vectors)
        return torch.stack([_scores(*part) for part in parts], 1)

    def fused(self, joint: Tensor, queries: Queries, vectors: list[ExpertVectors]) -> Tensor:
        """Return the final scores (B, N) from the joint model's (B, N)."""
        side = relation_side(queries.relation, queries.predict_head)
        weights = self.weights[side]
        mixed = weights[:, :1] * joint
        parts = self._products(queries, vectors)
        for weight, (asking, candidates, unread) in zip(weights.T[1:], parts, strict=True):
            if unread is None:  # in one go: an opinion of its own costs as much as its product
                mixed.addmm_(asking * weight[:, None], candidates.T)
            else:
                mixed.addcmul_(_scores(asking, candidates, unread), weight[:, None])
        return mixed

    def _products(
        self, queries: Queries, vectors: list[ExpertVectors]
    ) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
        """Yield of each expert what `_scores` takes; zeros for a question that it cannot read."""
        for each, known in zip(self.named().values(), vectors, strict=True):
            asked = known.known[queries.entity][:, None]
            unread = None if known.known.all() else ~known.known
            factors = each.factors(queries, known)
            for kind, (asking, candidates) in zip(each.kinds, factors, strict=True):
                able = asking if kind == "entity to tokens" else asking * asked
                yield able, candidates, None if kind == "tokens to entity" else unread


def _scores(asking: Tensor, candidates: Tensor, unread: Tensor | None) -> Tensor:
    """Return asking . candidate (B, N).

    For those that are `unread` (N,) it is the log of the mean of exp(score) over all others.
    """
    scores = at_least_float32(asking @ candidates.T)
    if unread is None:
        return scores
    if unread.all():
        return torch.zeros_like(scores)
    seen = scores.masked_fill(unread, -math.inf)
    most = seen.amax(1, keepdim=True)
    # So the average of equal scores is exactly what each of them is.
    average = most + ((seen - most).exp().sum(1, keepdim=True) / (~unread).sum()).log()
    return torch.where(unread, average, scores)


def fit_weights(opinions: Tensor, log_count: Tensor, side: Tensor, sides: int) -> Tensor:
    """Return the weights (sides, 1 + E) that make held-out answers likeliest.

    `opinions` (Q, 1 + E, K) are the scores of K candidates of each question, the answer first;
    `log_count` (Q, K) is the log of how many entities each stands for, -inf for none. `side` (Q,)
    comes from `relation_side`. Minimises the cross-entropy, a convex problem, with weights shared
    by all plus a difference of each side, which is kept small (L2): a side with few facts trusts
    what helps the others.
    """
    shared = torch.full(opinions.shape[1:2], 1 / opinions.shape[1], requires_grad=True)
    own = torch.zeros(sides, opinions.shape[1], requires_grad=True)
    first = torch.zeros(len(opinions), dtype=torch.long)
    solver = torch.optim.LBFGS(
        [shared, own], max_iter=STEPS, tolerance_change=LEAST, line_search_fn="strong_wolfe"
    )

    def objective() -> Tensor:
        solver.zero_grad()
        weights = F.embedding(side, shared + own)[:, None]
        mixed = (weights @ opinions)[:, 0] + log_count
        loss = PULL * own.square().sum() + F.cross_entropy(mixed, first, reduction="sum")
        torch.autograd.backward(loss)
        return loss.detach()

    with torch.enable_grad():
        solver.step(lambda: float(objective()))
    return (shared + own).detach()
