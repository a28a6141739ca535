"""The linear probe: what the tokens of one modality tell about each relation, before any training.

For each relation a linear softmax (multinomial logistic regression) over the entities that answer
in train reads the logarithm of how often the asked entity has each token. Beside it stands the
frequency of each answer in train. A model that reads the same tokens and more has no excuse to
rank worse than either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mygo_cli.cache.finding import MODALITIES, newest_cache, no_cache
from mygo_cli.cache.format import TokenCache
from mygo_cli.errors import DataError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.leaks import validation_leak
from mygo_cli.graph.triples import Triples
from mygo_cli.model.queries import row_places
from mygo_cli.progress import Progress, silent
from mygo_cli.ranking.ranks import mean_reciprocal
from mygo_cli.tokens.bags import TokenCounts
from mygo_cli.tokens.table import token_counts

Side = Literal["head", "tail"]
Scores = Callable[[Triples], Tensor]  # entities (B,) to scores (B, C)

LEAST_FACTS = 20  # train facts of a relation; below, a fit says nothing
LEAST_ENTITIES = 2  # of the train facts that have a token
EPOCHS, EPOCHS_BETWEEN_LOOKS = 24, 4
BATCH, LEARNING_RATE, WEIGHT_DECAY = 512, 2e-2, 1e-5


@dataclass(frozen=True)
class RelationProbe:
    """What one modality tells of one relation.

    `facts` of train taught it, `asked` test facts measured it, those of asked entities with
    tokens; `frequency` and `linear` are filtered MRRs of that side, realistic ties, None where
    there are too few facts to say. `run` is the MRR of a trained model on the same facts, None
    where no model was asked.
    """

    relation: str
    modality: str
    facts: int
    asked: int
    frequency: float | None
    linear: float | None
    run: float | None = None

    @property
    def lift(self) -> float | None:
        """How much the tokens add to frequency."""
        if self.linear is None or self.frequency is None:
            return None
        return self.linear - self.frequency


@dataclass(frozen=True)
class _Facts:
    """Facts of one relation as (asked entity, answer): to learn from, to choose by, to measure."""

    train: Triples
    valid: Triples
    asked: Triples
    known: Triples


def probe_tokens(
    graph: KnowledgeGraph,
    counts: TokenCounts,
    modality: str,
    side: Side = "tail",
    relations: Sequence[int] | None = None,
    progress: Progress = silent,
) -> list[RelationProbe]:
    """Return the probe of each relation, or of those in the rows `relations`, most asked first.

    `side` is the one that is missing: the tokens are those of the other. Facts of the test split
    are asked, of the validation split where there is none. The validation split chooses the epoch
    unless it is asked itself or leaks into the others.
    """
    chooses = len(graph.test) > 0 and not validation_leak(graph).serious
    rows = range(len(graph.relations)) if relations is None else relations
    found = []
    for number, relation in enumerate(rows, 1):
        facts = _facts_of(graph, relation, side, counts)
        found.append(_probed(graph, counts, relation, modality, facts, chooses))
        progress(f"probe {modality}", number, len(rows))
    return sorted(found, key=lambda probe: (-probe.asked, probe.relation))


def probe_graph(
    graph: KnowledgeGraph,
    caches: Path,
    side: Side = "tail",
    relations: Sequence[int] | None = None,
    progress: Progress = silent,
) -> list[RelationProbe]:
    """Return the probes of every modality of which the folder `caches` has a complete cache.

    Raises `DataError` where there is none, or nothing to ask.
    """
    if not len(graph.test) and not len(graph.valid):
        raise DataError(
            f"{graph.folder} has neither test nor validation triples.",
            "A probe is measured on facts that it did not learn from: add test.txt.",
        )
    paths = {modality: newest_cache(caches, graph, modality) for modality in MODALITIES}
    found: list[RelationProbe] = []
    for modality, path in paths.items():
        if path is not None:
            counts = token_counts(TokenCache.open(path), len(graph.entities))
            found += probe_tokens(graph, counts, modality, side, relations, progress)
    if not any(paths.values()):
        raise no_cache(caches, graph)
    return found


def _facts_of(graph: KnowledgeGraph, relation: int, side: Side, counts: TokenCounts) -> _Facts:
    """Return the facts of a relation whose asked entity has tokens."""
    columns = (0, 2) if side == "tail" else (2, 0)
    has = counts.has_tokens

    def pairs(triples: Triples) -> Triples:
        of_relation = triples[triples[:, 1] == relation][:, columns]
        kept: Triples = of_relation[has[of_relation[:, 0]]]
        return kept

    asked = graph.test if len(graph.test) else graph.valid
    return _Facts(*map(pairs, (graph.train, graph.valid, asked, graph.all_triples())))


def _probed(
    graph: KnowledgeGraph,
    counts: TokenCounts,
    relation: int,
    modality: str,
    facts: _Facts,
    chooses: bool,
) -> RelationProbe:
    """Return the probe of one relation."""
    name, numbers = graph.relations[relation], (len(facts.train), len(facts.asked))
    if len(facts.train) < LEAST_FACTS or not len(facts.asked):
        return RelationProbe(name, modality, *numbers, None, None)
    answers, place = np.unique(facts.train[:, 1], return_inverse=True)
    often = torch.from_numpy(np.bincount(place)).double()
    ranked = _Ranking(facts, answers, len(graph.entities))
    frequency = ranked.mrr(facts.asked, lambda entities: often.expand(len(entities), -1))
    probe = _Linear(counts, np.unique(facts.train[:, 0]), len(answers))
    linear = _fitted(probe, facts, torch.from_numpy(place), ranked, chooses)
    return RelationProbe(name, modality, *numbers, frequency, linear)


def _fitted(probe: _Linear, facts: _Facts, truth: Tensor, ranked: _Ranking, chooses: bool) -> float:
    """Fit the probe to the train facts; return the MRR of the epoch that the valid facts choose."""
    order = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(
        probe.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True
    )
    best, chosen = -1.0, 0.0
    for epoch in range(1, EPOCHS + 1):
        for part in torch.randperm(len(truth), generator=order).split(BATCH):
            optimizer.zero_grad()
            loss = F.cross_entropy(probe(facts.train[part.numpy(), 0]), truth[part])
            loss.backward()
            optimizer.step()
        if epoch % EPOCHS_BETWEEN_LOOKS == 0:
            by_valid = chooses and len(facts.valid) > 0
            seen = ranked.mrr(facts.valid, probe.scores) if by_valid else float(epoch)
            if seen > best:
                best, chosen = seen, ranked.mrr(facts.asked, probe.scores)
    return chosen


class _Linear(nn.Module):
    """A linear softmax over C answers, on bags of the tokens that `entities` have."""

    def __init__(self, counts: TokenCounts, entities: Triples, answers: int) -> None:
        super().__init__()
        self._start = torch.from_numpy(counts.start)
        held = np.zeros(int(counts.tokens.max(initial=0)) + 1, dtype=np.int64)
        for entity in entities:
            held[counts.tokens[counts.start[entity] : counts.start[entity + 1]]] += 1
        # What fewer entities of the train facts have cannot be learned about: input 0, weighed 0.
        place = np.cumsum(held >= LEAST_ENTITIES) * (held >= LEAST_ENTITIES)
        self._tokens = torch.from_numpy(place[counts.tokens])
        weights = np.log1p(counts.counts) * (place[counts.tokens] > 0)
        self._weights = torch.from_numpy(weights).float()
        inputs = int(place.max(initial=0)) + 1
        self.weight = nn.Parameter(torch.zeros(inputs, answers))
        self.bias = nn.Parameter(torch.zeros(answers))

    def forward(self, entities: Triples) -> Tensor:
        """Return the logits (B, C) of `entities` (B,)."""
        rows = torch.from_numpy(entities)
        first, length = self._start[rows], self._start[rows + 1] - self._start[rows]
        start, places = row_places(first, length)
        # A sum over the few tokens that each has: the product with whole bags takes 2 to 16 times.
        summed = F.embedding_bag(
            self._tokens[places],
            self.weight,
            start[:-1],
            mode="sum",
            per_sample_weights=self._weights[places],
        )
        return summed + self.bias

    def scores(self, entities: Triples) -> Tensor:
        """Return the logits as scores, float64, outside of training."""
        with torch.no_grad():
            logits: Tensor = self(entities)
        return logits.double()


class _Ranking:
    """Filtered ranks among the `answers` of train; any other entity ties behind all of these."""

    def __init__(self, facts: _Facts, answers: Triples, num_entities: int) -> None:
        self._place = np.full(num_entities, -1, dtype=np.int64)
        self._place[answers] = np.arange(len(answers))
        self._known = facts.known[np.argsort(facts.known[:, 0], kind="stable")]
        self._others = num_entities - len(answers)

    def mrr(self, asked: Triples, scores_of: Scores) -> float:
        """Return the MRR of `asked` pairs (Q, 2), given what scores entities (B,) as (B, C)."""
        better, ties = [], []
        for first in range(0, len(asked), BATCH):
            counted = self._rivals(asked[first : first + BATCH], scores_of)
            better.append(counted[0])
            ties.append(counted[1])
        return mean_reciprocal(torch.cat(better), torch.cat(ties)) if better else 0.0

    def _rivals(self, asked: Triples, scores_of: Scores) -> tuple[Tensor, Tensor]:
        """Return how many answers score better than each truth, and how many the same."""
        truth = self._place[asked[:, 1]]
        scores = scores_of(asked[:, 0]).clone()
        own = scores.gather(1, torch.from_numpy(truth.clip(min=0))[:, None])
        rows, columns = self._known_answers(asked[:, 0])
        learned = columns >= 0
        scores[rows[learned], columns[learned]] = -torch.inf
        better, ties = (scores > own).sum(1), (scores == own).sum(1)
        unseen = torch.from_numpy(truth < 0)
        finite = torch.isfinite(scores).sum(1)
        better = torch.where(unseen, finite, better)
        # The truth is among its question's known answers, which are no rivals.
        known = torch.bincount(rows[~learned], minlength=len(asked))
        ties = torch.where(unseen, self._others - known, ties)
        return better, ties

    def _known_answers(self, entities: Triples) -> tuple[Tensor, Tensor]:
        """Return the places (row, answer) of all known answers, the truths among them.

        -1 is the place of an answer that train never gives.
        """
        first, last = (np.searchsorted(self._known[:, 0], entities, s) for s in ("left", "right"))
        rows = np.repeat(np.arange(len(entities)), last - first)
        _, places = row_places(torch.from_numpy(first), torch.from_numpy(last - first))
        columns = self._place[self._known[places.numpy(), 1]]
        return torch.from_numpy(rows), torch.from_numpy(columns)
