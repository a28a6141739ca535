"""Answers about an entity that training never saw: read from its tokens alone, without structure.

It is asked about, and is no answer itself. Where both modalities are read, joint model and token
experts count as they do for the entities of the graph. The joint model never learned to do without
one that every entity has; so where one is missing, the weights are fitted anew, to questions about
entities that are read as the unseen one is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mygo_cli.graph.triples import Triples
from mygo_cli.model.fusion import fit_weights
from mygo_cli.model.queries import Queries
from mygo_cli.model.relation_maps import relation_side
from mygo_cli.ranking.answers import Prediction, best_answers
from mygo_cli.ranking.opinions import hear
from mygo_cli.ranking.ranks import check_finite
from mygo_cli.ranking.scorer import Scorer

if TYPE_CHECKING:
    from mygo_cli.tokens.unseen import UnseenTokens


@dataclass(frozen=True)
class UnseenScorer:
    """Scores of the N entities of a graph as answers to questions about others, in rows from N on.

    `scorer` knows all of them. `weights` (2 M, 1 + E) of joint model and experts are None where
    those of the run count.
    """

    scorer: Scorer
    count: int
    weights: Tensor | None = None

    def __call__(self, queries: Queries) -> Tensor:
        """Return scores (B, N)."""
        if self.weights is None:
            return self.scorer(queries)[:, : self.count]
        side = relation_side(queries.relation, queries.predict_head)
        return (self.weights[side][:, None] @ self.opinions(queries))[:, 0]

    def opinions(self, queries: Queries) -> Tensor:
        """Return the scores (B, 1 + E, N) of the joint model and of each expert."""
        return self.scorer.opinions(queries)[:, :, : self.count]


def with_unseen(
    scorer: Scorer, tokens: Mapping[str, UnseenTokens], weights: Tensor | None
) -> UnseenScorer:
    """Return what answers questions about an entity that is read by its `tokens` a modality.

    A modality that is missing is read as of an entity without any item of it.
    """
    model, on = scorer.model, scorer.entities.device
    tables = {name: each.table for name, each in tokens.items()}
    experts = {} if model.experts is None else model.experts.named()
    with torch.no_grad():
        reading = model.entity_encoder.read_unseen(tables.get("image"), tables.get("text"))
        vector = model.vectors(reading)
        known = []
        for name, each in experts.items():
            ids, kept = torch.zeros(0, dtype=torch.long), torch.zeros(0)
            if name in tokens:
                ids, kept = map(torch.from_numpy, (tokens[name].ids, tokens[name].weights))
            known.append(each.unseen(ids.to(on), kept.to(on)))
    return UnseenScorer(scorer.with_more(vector, known), len(scorer.entities), weights)


def fit_unseen(
    scorer: Scorer, parts: Collection[str], train: Triples, facts: Triples
) -> Tensor | None:
    """Return the weights (2 M, 1 + E) that answer `facts` (F, 3) best by some modalities alone.

    Of the entities asked about only `parts` are read, as of an unseen one, of the candidates all.
    Other answers in `train` are no rivals. None without token experts or facts.
    """
    model, count = scorer.model, len(scorer.entities)
    if model.experts is None or not len(facts):
        return None
    with torch.no_grad():
        vectors = model.vectors_in_blocks(model.read().only(parts))
    modalities = zip(model.experts.named(), scorer.expert_vectors, strict=True)
    known = [each.masked(name in parts, structure=False) for name, each in modalities]
    everyone = UnseenScorer(scorer.with_more(vectors, known), count)

    def opinions(queries: Queries) -> Tensor:
        return everyone.opinions(queries._replace(entity=queries.entity + count))

    heard = hear(opinions, count, train, facts)
    return fit_weights(*heard[:3], len(model.experts.weights)).to(scorer.entities.device)


def predict_unseen(
    score: UnseenScorer, relation: int, predict_head: bool, top: int
) -> list[Prediction]:
    """Return the `top` answers to a question about the unseen entity, best first.

    Every entity of the graph may answer, equal scores stand in their order. Raises `MygoError` for
    a score that is not a finite number.
    """
    asked = (torch.tensor([each]) for each in (score.count, relation, predict_head))
    scores = score(Queries(*asked)).cpu()
    check_finite(scores)
    own = scores[0].double()
    columns = (column.tolist() for column in best_answers(own, own, top))
    return [
        Prediction(rank, entity, score, share, new, None)
        for rank, entity, score, share, new in zip(*columns, strict=True)
    ]
