"""Answers about an entity that training never saw: read from its tokens alone, without structure.

It is asked about, and is no answer itself. Joint model and token experts count as they do for the
entities of the graph: on entities held out of training no other weights did better
(docs/ranking.md).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from mygo_cli.model.queries import Queries
from mygo_cli.ranking.answers import Prediction, best_answers
from mygo_cli.ranking.ranks import check_finite
from mygo_cli.ranking.scorer import Scorer
from mygo_cli.tokens.unseen import UnseenTokens


def with_unseen(scorer: Scorer, tokens: Mapping[str, UnseenTokens]) -> Scorer:
    """Return a scorer that knows one entity more, in its last row, by its `tokens` a modality.

    A modality that is missing is read as of an entity without any item of it.
    """
    model, on = scorer.model, scorer.entities.device
    tables = {name: each.table for name, each in tokens.items()}
    experts = {} if model.experts is None else model.experts.named()
    with torch.no_grad():
        reading = model.entity_encoder.read_unseen(tables.get("image"), tables.get("text"))
        vector = model.vectors(reading)[0]
        known = []
        for name, each in experts.items():
            ids, weights = torch.zeros(0, dtype=torch.long), torch.zeros(0)
            if name in tokens:
                ids, weights = map(torch.from_numpy, (tokens[name].ids, tokens[name].weights))
            known.append(each.unseen(ids.to(on), weights.to(on)))
    return scorer.with_one_more(vector, known)


def predict_unseen(scorer: Scorer, relation: int, predict_head: bool, top: int) -> list[Prediction]:
    """Return the `top` answers to a question about the entity in the last row, best first.

    Every other entity may answer, equal scores stand in their order. Raises `MygoError` for a score
    that is not a finite number.
    """
    last = len(scorer.entities) - 1
    asked = (torch.tensor([last]), torch.tensor([relation]), torch.tensor([predict_head]))
    scores = scorer(Queries(*asked)).cpu()
    check_finite(scores)
    others = scores[0, :last].double()
    columns = (column.tolist() for column in best_answers(others, others, top))
    return [
        Prediction(place, entity, score, share, new, None)
        for place, (entity, score, share, new) in enumerate(zip(*columns, strict=True), 1)
    ]
