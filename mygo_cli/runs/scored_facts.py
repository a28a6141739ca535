"""Facts that were given, known or not, with what a run thinks of them, as rows with names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Triples
from mygo_cli.ranking.given_facts import Judged
from mygo_cli.runs.answers import shown_known
from mygo_cli.runs.rows import Rows


@dataclass(frozen=True)
class ScoredFact:
    """A given fact; `head`, `relation` and `tail` are ids.

    `tail_score`, `tail_probability` and `tail_rank` are those of the tail asked
    (head, relation, ?), `head_...` those of the head asked (?, relation, tail): the score of the
    decoder, the probability that `rank` says, and the filtered rank among all entities, halves
    where scores are equal. `plausibility` compares between facts (docs/ranking.md). `known` names
    the split that holds the fact, None for a new one.
    """

    head: str
    relation: str
    tail: str
    head_name: str
    tail_name: str
    plausibility: float
    tail_score: float
    tail_probability: float
    tail_rank: float
    head_score: float
    head_probability: float
    head_rank: float
    known: str | None

    SHOWN: ClassVar[Mapping[str, str]] = {
        "head": "head_name",
        "relation": "relation",
        "tail": "tail_name",
        "plausibility": "plausibility",
        "tail rank": "tail_place",
        "head rank": "head_place",
        "known": "known",
    }
    PICTURED: ClassVar[Mapping[str, str]] = {"head": "head", "tail": "tail"}

    @property
    def tail_place(self) -> int | float:
        """Return the tail's rank, a whole number unless scores are equal."""
        return _place(self.tail_rank)

    @property
    def head_place(self) -> int | float:
        """Return the head's rank, a whole number unless scores are equal."""
        return _place(self.head_rank)

    @property
    def fact(self) -> str:
        """Return "new", or where the fact is known from."""
        return shown_known(self.known)


def _place(rank: float) -> int | float:
    return int(rank) if rank.is_integer() else rank


def scored_facts(graph: KnowledgeGraph, triples: Triples, judged: Judged) -> Rows[ScoredFact]:
    """Return `triples` (T, 3) and what was found of them as rows, in their order."""
    columns = [judged.log_plausibility.exp()]
    columns += [
        column
        for side in (judged.tail, judged.head)
        for column in (side.score, side.probability, side.rank)
    ]
    numbers = zip(*(column.tolist() for column in columns), strict=True)
    rows = zip(triples.tolist(), numbers, graph.splits_of(triples), strict=True)
    return Rows(ScoredFact, (_row(graph, *row) for row in rows), graph=graph)


def _row(
    graph: KnowledgeGraph, triple: tuple[int, int, int], numbers: tuple[float, ...], known: str
) -> ScoredFact:
    head, relation, tail = triple
    plausibility, *sides = numbers
    tail_score, tail_probability, tail_rank = sides[:3]
    head_score, head_probability, head_rank = sides[3:]
    return ScoredFact(
        head=graph.entities[head],
        relation=graph.relations[relation],
        tail=graph.entities[tail],
        head_name=graph.names[head],
        tail_name=graph.names[tail],
        plausibility=plausibility,
        tail_score=tail_score,
        tail_probability=tail_probability,
        tail_rank=tail_rank,
        head_score=head_score,
        head_probability=head_probability,
        head_rank=head_rank,
        known=known or None,
    )
