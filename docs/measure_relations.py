"""Measure what orders the relations of a pair best: python docs/measure_relations.py RUN...

Of every test fact all relations are tried between its two entities. Test facts do not count as
known answers, and other known relations of the pair are no rivals.
"""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
import torch

import mygo_cli as mygo
from mygo_cli.ranking.given_facts import judge_facts
from mygo_cli.ranking.scorer import block_size
from mygo_cli.runs.run import Run

AT_ONCE = 20_000  # facts that are judged together


def measure(run: Run) -> dict[str, tuple[float, float]]:
    """Return the share of first places and the MRR of the true relation, for each order."""
    graph, test = run.graph, run.graph.test
    relations, truths = len(graph.relations), torch.from_numpy(test[:, 1])
    tried = np.repeat(test, relations, axis=0)
    tried[:, 1] = np.tile(np.arange(relations), len(test))
    blind = dataclasses.replace(graph, test=test[:0])
    parts = np.array_split(tried, -(-len(tried) // AT_ONCE))
    at_once = block_size(len(graph.entities))
    judged = [judge_facts(run.scorer, blind, part, at_once) for part in parts]
    orders = {
        "plausibility, both sides": torch.cat([each.log_plausibility for each in judged]),
        "probability, both sides": torch.cat(
            [each.tail.log_probability + each.head.log_probability for each in judged]
        ),
        "probability of the tail": torch.cat([each.tail.log_probability for each in judged]),
        "score of the tail": torch.cat([each.tail.score.double() for each in judged]),
    }
    known = torch.tensor([bool(split) for split in graph.splits_of(tried)]).view(-1, relations)
    known[torch.arange(len(test)), truths] = False
    return {name: _first_and_mrr(each, known, truths) for name, each in orders.items()}


def _first_and_mrr(
    values: torch.Tensor, known: torch.Tensor, truths: torch.Tensor
) -> tuple[float, float]:
    """Return both for values (T * M,), where `known` (T, M) are no rivals of `truths` (T,)."""
    table = values.view_as(known).masked_fill(known, -torch.inf)
    own = table.gather(1, truths[:, None])
    ranks = 1 + (table > own).sum(1) + ((table == own).sum(1) - 1) / 2
    return (ranks <= 1).double().mean().item(), ranks.double().reciprocal().mean().item()


def main() -> None:
    """Print a row for each order, the mean over the runs."""
    measured = [measure(mygo.open_run(path)) for path in sys.argv[1:]]
    for name in measured[0]:
        first, mrr = np.mean([each[name] for each in measured], axis=0)
        print(f"| {name} | {first:.3f} | {mrr:.3f} |")


if __name__ == "__main__":
    main()
