"""A validation split that stands in train measures memory: how much of it does, and a new one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mygo_cli.errors import DataError, UsageError
from mygo_cli.graph.files import Split
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Numbers, Source, Triples

SERIOUS_SHARE = 0.05


@dataclass(frozen=True)
class Leak:
    """How many lines, and distinct triples, of the validation file stand in train and test too."""

    lines: int
    distinct: int
    lines_in_train: int
    lines_in_test: int
    distinct_in_train: int
    distinct_in_test: int

    @property
    def serious(self) -> bool:
        """Whether a model must not be selected on it: over 5 % of the lines are known elsewhere."""
        return self.lines_in_train + self.lines_in_test > SERIOUS_SHARE * self.lines

    @property
    def message(self) -> str:
        """The leak in a sentence."""
        return (
            f"of {self.lines:,} lines ({self.distinct:,} distinct triples) {self.lines_in_train:,} "
            f"({self.distinct_in_train:,}) also stand in train and {self.lines_in_test:,} "
            f"({self.distinct_in_test:,}) in test: selecting a model on them measures memory."
        )

    @property
    def way_out(self) -> str:
        """What to type instead."""
        return "Train with --holdout 0.05, which cuts a split from train, or with --select last."


def validation_leak(graph: KnowledgeGraph) -> Leak:
    """Return how much of the validation split stands in train and in test."""
    keys, lines = graph.fact_keys(graph.valid), graph.lines_of("valid")
    in_train = np.isin(keys, graph.fact_keys(graph.train))
    in_test = np.isin(keys, graph.fact_keys(graph.test))
    return Leak(
        lines=int(lines.sum()),
        distinct=len(keys),
        lines_in_train=int(lines[in_train].sum()),
        lines_in_test=int(lines[in_test].sum()),
        distinct_in_train=int(in_train.sum()),
        distinct_in_test=int(in_test.sum()),
    )


def cut_holdout(graph: KnowledgeGraph, share: float, seed: int) -> KnowledgeGraph:
    """Return the graph with a random `share` of its train triples as validation split.

    The split in its place is set aside: what it knows and neither train nor test does goes to
    `other`, so that the known facts stay the same. No entity or relation leaves train altogether,
    and nothing that stands in test is held out; so a sparse graph may yield less than the share.
    Raises `UsageError` for a share outside (0, 1), `DataError` where no triple can be spared.
    """
    if not 0 < share < 1:
        raise UsageError(f"--holdout {share}: not a share.", "Give a number between 0 and 1.")
    held = spared_rows(graph, max(1, round(share * len(graph.train))), seed)
    if not len(held):
        raise DataError(
            f"{graph.folder}: no train triple can be held out: each is the last of an entity or "
            "relation.",
            "Train with --select last.",
        )
    return _hold_out(graph, held)


def hold_out_again(graph: KnowledgeGraph, held: Triples) -> KnowledgeGraph:
    """Return the graph with the triples `held` (T, 3), held out before, as validation split.

    What was added to train since stays in train: a cut anew would hold out what a model learned.
    """
    return _hold_out(
        graph, np.flatnonzero(np.isin(graph.fact_keys(graph.train), graph.fact_keys(held)))
    )


def _hold_out(graph: KnowledgeGraph, held: Numbers) -> KnowledgeGraph:
    """Return the graph with the rows `held` of train as validation split; see `cut_holdout`."""
    kept = np.setdiff1d(np.arange(len(graph.train)), held)
    known = np.concatenate([graph.train, graph.test])
    known_already = np.isin(graph.fact_keys(graph.valid), graph.fact_keys(known))
    return replace(
        graph,
        train=graph.train[kept],
        valid=graph.train[held],
        other=np.concatenate([graph.other, graph.valid[~known_already]]),
        sources=_cut_sources(graph, kept, held),
    )


def spared_rows(graph: KnowledgeGraph, wanted: int, seed: int) -> Numbers:
    """Return at most `wanted` random rows of train, ascending, that leave nobody without one."""
    heads, relations, tails = graph.train.T
    of_entity = np.bincount(heads, minlength=len(graph.entities))
    of_entity += np.bincount(tails[tails != heads], minlength=len(graph.entities))
    entity_count = of_entity.tolist()
    relation_count = np.bincount(relations, minlength=len(graph.relations)).tolist()
    in_test = np.isin(graph.fact_keys(graph.train), graph.fact_keys(graph.test))
    order = np.random.default_rng(seed).permutation(np.flatnonzero(~in_test))
    held: list[int] = []
    for row, (head, relation, tail) in zip(
        order.tolist(), graph.train[order].tolist(), strict=True
    ):
        if len(held) == wanted:
            break
        if min(entity_count[head], entity_count[tail], relation_count[relation]) > 1:
            held.append(row)
            relation_count[relation] -= 1
            for entity in {head, tail}:
                entity_count[entity] -= 1
    return np.array(sorted(held), dtype=np.int64)


def _cut_sources(graph: KnowledgeGraph, kept: Numbers, held: Numbers) -> dict[Split, Source]:
    """Return where the triples stand after the cut: both parts in the train file."""
    sources = dict(graph.sources)
    sources.pop("valid", None)
    train = sources.get("train")
    if train is not None:
        sources["train"] = Source(train.path, train.line[kept], train.count[kept])
        sources["valid"] = Source(train.path, train.line[held], train.count[held])
    return sources
