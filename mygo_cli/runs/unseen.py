"""Questions about an entity that is not in the graph, given by its pictures and a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from mygo_cli.errors import UsageError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.ranking.unseen import UnseenScorer, predict_unseen
from mygo_cli.runs.rows import Rows

if TYPE_CHECKING:
    from mygo_cli.runs.run import Run


@dataclass(frozen=True)
class Unseen:
    """An entity that is not in the graph: `images` are files, `text` describes it, one at least.

    It has no facts and no structure. `name` is what answers call it.
    """

    images: str | Path | Sequence[str | Path] = ()
    text: str | None = None
    name: str = "new entity"


@dataclass(frozen=True)
class UnseenAnswer:
    """One answer about an unseen entity, as the whole fact that it makes.

    `head` and `tail` are ids, one of them the name of the unseen one; the rest is that of `Answer`.
    All such facts are new, and how often they hold is not known.
    """

    rank: int
    head: str
    relation: str
    tail: str
    asked: str
    name: str
    score: float
    probability: float

    SHOWN: ClassVar[Mapping[str, str]] = {
        "rank": "rank",
        "entity": "entity",
        "name": "name",
        "probability": "probability",
    }
    PICTURED: ClassVar[Mapping[str, str]] = {"entity": "entity"}

    @property
    def entity(self) -> str:
        """Return the id of the answer."""
        return self.head if self.asked == "head" else self.tail


def rank_unseen(
    run: Run,
    head: str | Unseen | None,
    relation: str | None,
    tail: str | Unseen | None,
    top: int = 10,
) -> Rows[UnseenAnswer]:
    """Return the `top` answers to a question about an unseen head or tail, best first.

    Raises `UsageError` unless there are one `Unseen` and a known relation, and for a modality that
    the run does not read or a text without a word that it could read; `DataError` for a picture
    that cannot be read, and where the run's token cache is gone or another one.
    """
    from mygo_cli.runs.unseen_reading import scorer_with

    unseen = head if isinstance(head, Unseen) else tail
    if not isinstance(unseen, Unseen) or relation is None or not (head is None or tail is None):
        raise UsageError(
            "Of an unseen entity only the other side of a fact can be asked.",
            "Give pictures or a text of one side, and the relation.",
        )
    row = run.graph.find_relation(relation)
    return answers_about(unseen.name, scorer_with(run, unseen), run.graph, row, head is None, top)


def answers_about(
    given: str, scorer: UnseenScorer, graph: KnowledgeGraph, row: int, asks_head: bool, top: int
) -> Rows[UnseenAnswer]:
    """Return the `top` answers to the question of a relation's row about an entity that was read.

    `given` is what they call it, and `scorer` has read it.
    """
    other, rows = "head" if asks_head else "tail", []
    for each in predict_unseen(scorer, row, asks_head, top):
        answer = graph.entities[each.entity]
        ends = (answer, given) if asks_head else (given, answer)
        fact = ends[0], graph.relations[row], ends[1]
        said = graph.names[each.entity], each.score, each.probability
        rows.append(UnseenAnswer(each.rank, *fact, other, *said))
    first, last = ("?", given) if asks_head else (given, "?")
    return Rows(UnseenAnswer, rows, f"({first}, {graph.relations[row]}, {last})", graph)
