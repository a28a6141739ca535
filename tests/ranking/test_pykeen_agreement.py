"""PyKEEN's rank-based evaluator finds the same ranks in the same scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from brute_force import random_table, table_scores

from mygo_cli.ranking.evaluate import evaluate
from mygo_cli.ranking.ranks import metrics, ranks
from mygo_cli.weights.libraries import mend_torchvision

pytestmark = pytest.mark.filterwarnings("ignore")  # PyKEEN's own


@pytest.fixture(scope="module")
def world():
    random = np.random.default_rng(5)
    triples = np.unique(random.integers(0, (40, 4, 40), (300, 3)), axis=0)
    return random_table(40, 4, 12, random), triples[::4], triples


@pytest.fixture(scope="module")
def pykeen_metrics(world, tmp_path_factory):
    """Return what PyKEEN measures, for each side and both together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSTOW_HOME", str(tmp_path_factory.mktemp("pystow")))  # not the user's home
        return measured_by_pykeen(*world)


def measured_by_pykeen(table, triples, known):
    mend_torchvision()  # PyKEEN imports it, where it is installed
    pytest.importorskip("pykeen")
    from pykeen.evaluation import RankBasedEvaluator
    from pykeen.evaluation.evaluator import create_sparse_positive_filter_, filter_scores_

    batch, everything = torch.from_numpy(triples), torch.from_numpy(known)
    evaluator = RankBasedEvaluator(filtered=True)
    head, relation, tail = batch.T
    for target, column in (("tail", 2), ("head", 0)):
        predict_head = target == "head"
        scores = table[int(predict_head), relation, tail if predict_head else head].clone()
        truth = scores.gather(1, batch[:, column : column + 1])
        mask, _ = create_sparse_positive_filter_(batch, everything, filter_col=column)
        filtered = filter_scores_(scores, mask)
        filtered.scatter_(1, batch[:, column : column + 1], truth)
        evaluator.process_scores_(batch, target, filtered, true_scores=truth)
    return evaluator.finalize()


@pytest.mark.parametrize("rule", ["optimistic", "pessimistic", "realistic"])
def test_the_same_metrics(world, pykeen_metrics, rule):
    table, triples, known = world
    rivals = evaluate(table_scores(table), triples, known)
    assert (rivals.ties > 0).any()
    found = metrics(ranks(rivals.better, rivals.ties, rule))
    for side, ours in (
        ("both", found),
        ("tail", metrics(ranks(rivals.better, rivals.ties, rule)[~rivals.predict_head])),
        ("head", metrics(ranks(rivals.better, rivals.ties, rule)[rivals.predict_head])),
    ):
        theirs = {
            name: pykeen_metrics.get_metric(f"{side}.{rule}.{name}")
            for name in ("mean_reciprocal_rank", "mean_rank", "hits@1", "hits@3", "hits@10")
        }
        assert list(ours.row().values())[1:] == pytest.approx(list(theirs.values()), rel=1e-6)
