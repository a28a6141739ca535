"""What stands beside an explained answer: its rivals, and the training facts nearest to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mygo_cli.ranking.answers import Prediction, Question
from mygo_cli.ranking.nearest import nearest_facts
from mygo_cli.runs.answers import answers, shown_known, titled
from mygo_cli.runs.rows import Rows

if TYPE_CHECKING:
    from mygo_cli.runs.run import Run

RIVALS, NEAREST = 5, 5


@dataclass(frozen=True)
class Rival:
    """One of the best answers to the question of an explained one.

    `entity` is an id, the other fields are those of an `Answer`. `explained` says whether it is the
    explained answer, which takes the last place where it is not among the best.
    """

    rank: int
    entity: str
    name: str
    score: float
    probability: float
    known: str | None
    confidence: float | None
    explained: bool

    SHOWN: ClassVar[Mapping[str, str]] = {
        "rank": "rank",
        "entity": "entity",
        "name": "name",
        "score": "score",
        "probability": "probability",
        "fact": "standing",
    }
    PICTURED: ClassVar[Mapping[str, str]] = {"entity": "entity"}

    @property
    def standing(self) -> str:
        """Return "new", or where the fact is known from, and whether it is the explained one."""
        return shown_known(self.known) + (", explained" if self.explained else "")


@dataclass(frozen=True)
class Near:
    """A training fact of the same relation whose entities are like those of the explained fact.

    `head` and `tail` are ids, `head_name` and `tail_name` their names. `head_cosine` and
    `tail_cosine` say how like its head and its tail are to those of the explained fact, by the
    run's entity vectors. Near is not cause.
    """

    head: str
    relation: str
    tail: str
    head_name: str
    tail_name: str
    head_cosine: float
    tail_cosine: float

    SHOWN: ClassVar[Mapping[str, str]] = {
        "head": "head",
        "relation": "relation",
        "tail": "tail",
        "cosine of heads": "head_cosine",
        "cosine of tails": "tail_cosine",
    }
    PICTURED: ClassVar[Mapping[str, str]] = {"head": "head", "tail": "tail"}


def rivals_of(
    run: Run, question: Question, best: Sequence[Prediction], explained: int
) -> Rows[Rival]:
    """Return the `best` answers to a question as rows; `explained` is the row of the answer."""
    curve = run.calibration.curve if run.calibration else None
    named = answers(run.graph, question, best, curve)
    rows = (
        Rival(
            each.rank,
            each.entity,
            each.name,
            each.score,
            each.probability,
            each.known,
            each.confidence,
            found.entity == explained,
        )
        for each, found in zip(named, best, strict=True)
    )
    return Rows(Rival, rows, f"The best answers to {titled(run.graph, question)}", run.graph)


def near_facts(run: Run, question: Question, answer: int) -> Rows[Near]:
    """Return the training facts nearest to the one that an answer makes."""
    graph = run.graph
    rows = (
        Near(
            graph.entities[near.head],
            graph.relations[near.relation],
            graph.entities[near.tail],
            graph.names[near.head],
            graph.names[near.tail],
            near.head_cosine,
            near.tail_cosine,
        )
        for near in nearest_facts(
            run.single().entities, question.answered(answer), graph.train, NEAREST
        )
    )
    return Rows(Near, rows, "The nearest training facts; near is not cause", graph)
