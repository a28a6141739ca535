"""Answers about an entity that training never saw, against models that lack what it lacks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_training import ENTITIES, RELATIONS, tiny_graph, tiny_settings, tiny_table

from mygo_cli.device import seed_everything
from mygo_cli.model.queries import Queries
from mygo_cli.ranking.explain import without_each
from mygo_cli.ranking.scorer import encoded
from mygo_cli.ranking.unseen import UnseenScorer, fit_unseen, predict_unseen, with_unseen
from mygo_cli.runs.assemble import build_model
from mygo_cli.tokens.selection import TokenTable
from mygo_cli.tokens.unseen import UnseenTokens


def tiny_scorer(expert_dim=8, **options):
    seed_everything(3)
    settings = tiny_settings(model={"expert_dim": expert_dim, **options})
    model = build_model(settings, tiny_graph(), tiny_table(1), tiny_table(2))
    if model.experts is not None:
        model.experts.weights.normal_(generator=torch.Generator().manual_seed(1))
    return encoded(model)


def tokens_of(scorer, row):
    """Return what an unseen entity would be read by that has the tokens of a known one."""
    found, bags = {}, {} if scorer.model.experts is None else scorer.model.experts.named()
    for name, table in (("image", tiny_table(1)), ("text", tiny_table(2))):
        one = TokenTable(table.ids[[row]], table.mask[[row]], table.codes, table.vocabulary)
        ids, weights = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        if name in bags:
            bag = bags[name].bag
            own = slice(int(bag.start[row]), int(bag.start[row + 1]))
            ids, weights = bag.ids[own].numpy(), 3 * bag.weights[own].numpy()  # of any length
        found[name] = UnseenTokens(one, ids, weights)
    return found


def asked(entity, relation, head):
    return Queries(torch.tensor([entity]), torch.tensor([relation]), torch.tensor([head]))


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("expert_dim", [0, 8])
@pytest.mark.parametrize("row", [3, 6, 7])  # 6 has no picture, 7 no text
def test_it_is_read_as_a_known_one_without_structure(row, expert_dim, layers):
    scorer = tiny_scorer(expert_dim, entity_layers=layers)
    unseen = with_unseen(scorer, tokens_of(scorer, row), None)
    with torch.no_grad():
        masked, vector, known = next(without_each(scorer.model, row, {}))
    assert masked.part == "structure"
    table = unseen.scorer
    torch.testing.assert_close(table.entities[ENTITIES], vector)
    for all_of, one in zip(table.expert_vectors, known, strict=True):
        assert bool(all_of.known[ENTITIES]) is bool(one.known)
        for part, other in zip(all_of[1:], one[1:], strict=True):
            torch.testing.assert_close(part[ENTITIES], other[0])
    blind = UnseenScorer(scorer.with_more(vector[None], known), ENTITIES)
    query = asked(ENTITIES, 1, False)
    torch.testing.assert_close(unseen(query), blind(query))


def test_best_first_among_those_of_the_graph():
    scorer = tiny_scorer()
    unseen = with_unseen(scorer, tokens_of(scorer, 3), None)
    found = predict_unseen(unseen, 2, True, 100)
    scores = unseen(asked(ENTITIES, 2, True))[0]
    assert scores.shape == (ENTITIES,)
    assert [each.entity for each in found] == scores.argsort(descending=True).tolist()
    assert [each.rank for each in found] == list(range(1, ENTITIES + 1))
    assert sum(each.probability for each in found) == pytest.approx(1)
    assert {each.known for each in found} == {None}
    assert predict_unseen(unseen, 2, True, 4) == found[:4]


def test_nothing_is_said_of_what_is_not_given():
    """A modality that is not given counts no more than an entity's that has none of it."""
    scorer = tiny_scorer()
    alone = {"text": tokens_of(scorer, 6)["text"]}  # 6 has no picture
    query = asked(ENTITIES, 0, False)
    given = with_unseen(scorer, tokens_of(scorer, 6), None)(query)
    torch.testing.assert_close(with_unseen(scorer, alone, None)(query), given)


def test_weights_that_fit_what_is_given():
    """They are what is scored with, and there are none where nothing can be fitted."""
    scorer, graph = tiny_scorer(), tiny_graph()
    weights = fit_unseen(scorer, {"text"}, graph.train, graph.valid)
    assert weights.shape == (2 * RELATIONS, 7)
    tokens = {"text": tokens_of(scorer, 6)["text"]}
    query = asked(ENTITIES, 1, False)
    unseen = with_unseen(scorer, tokens, weights)
    expected = (weights[2][:, None] * unseen.opinions(query)[0]).sum(0)
    torch.testing.assert_close(unseen(query)[0], expected)
    assert fit_unseen(tiny_scorer(0), {"text"}, graph.train, graph.valid) is None
    assert fit_unseen(scorer, {"text"}, graph.train, graph.valid[:0]) is None


def test_the_fit_makes_answers_likelier():
    scorer, graph = tiny_scorer(structure=False), tiny_graph()

    def likelihood(weights):
        total = 0.0
        for head, relation, tail in graph.valid.tolist():
            tokens = {"text": tokens_of(scorer, head)["text"]}
            scores = with_unseen(scorer, tokens, weights)(asked(ENTITIES, relation, False))[0]
            total += float(scores[tail] - scores.logsumexp(0))
        return total

    fitted = fit_unseen(scorer, {"text"}, graph.train, graph.valid)
    assert likelihood(fitted) > likelihood(None)
