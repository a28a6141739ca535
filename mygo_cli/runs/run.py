"""A trained model with its graph: everything that can be asked of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from mygo_cli.device import Portion
from mygo_cli.distributed.group import ALONE, Processes
from mygo_cli.errors import DataError, UsageError, check_choice
from mygo_cli.files import expanded
from mygo_cli.graph.files import Split
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Triples
from mygo_cli.model.mygo import MyGO
from mygo_cli.progress import Progress, silent
from mygo_cli.ranking.answers import Question, find_question, predict
from mygo_cli.ranking.evaluate import Rivals, evaluate, gather_rivals
from mygo_cli.ranking.given_facts import judge_facts, tail_scores
from mygo_cli.ranking.named_rows import find_triples
from mygo_cli.ranking.ranks import TieRule
from mygo_cli.ranking.report import Report, report
from mygo_cli.ranking.scorer import AnyScorer, MeanScorer, Modality, Scorer, block_size
from mygo_cli.runs.answers import Answer, answers
from mygo_cli.runs.calibration import Calibrated, calibration_of
from mygo_cli.runs.folder import RunFolder
from mygo_cli.runs.notebook import run_html
from mygo_cli.runs.relation_answers import rank_relations
from mygo_cli.runs.rows import Rows
from mygo_cli.runs.scored_facts import ScoredFact, scored_facts
from mygo_cli.runs.unseen import Unseen, rank_unseen
from mygo_cli.settings.sections import Settings

if TYPE_CHECKING:
    from mygo_cli.completion.completion import Completion
    from mygo_cli.completion.questions import Pairs, Request, Side
    from mygo_cli.completion.unfinished import Unfinished
    from mygo_cli.runs.explained import Explained
    from mygo_cli.runs.exported import What
    from mygo_cli.runs.facts import Fact

Vectors = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, eq=False)
class Run:
    """The selected model of a run and its graph, or those of several runs, `members`, as one.

    `graph` is the one that it was trained on, with the same hold-out. `scorer` is the model with
    the vectors saved beside it, so that no entity is encoded again; `content` is the rest of its
    checkpoint. Entities and relations are named by id or display name, in any capitals.
    """

    folder: RunFolder
    settings: Settings
    graph: KnowledgeGraph
    scorer: AnyScorer
    content: dict[str, Any]
    members: tuple[RunFolder, ...] = ()

    _repr_html_ = run_html

    def __repr__(self) -> str:
        return f"<Run {self.folder.path}: graph {self.graph.name}, on {self.device}>"

    @property
    def name(self) -> str:
        """Return the name of the run's folder, or those of several with + between them."""
        return "+".join(each.path.name for each in self.folders)

    @property
    def folders(self) -> tuple[RunFolder, ...]:
        """Return the folders of the runs that answer: one, or several."""
        return self.members or (self.folder,)

    def single(self) -> Scorer:
        """Return the scorer of a run's own model; raise `UsageError` for several runs as one."""
        if isinstance(self.scorer, MeanScorer):
            raise UsageError(
                "Several runs answer together here, and this needs the model of one.",
                f"Name one, such as {self.members[0].path.name}.",
            )
        return self.scorer

    @property
    def model(self) -> MyGO:
        """Return the model, a `torch.nn.Module` in evaluation mode."""
        return self.single().model

    @property
    def device(self) -> torch.device:
        """Return where the model is."""
        return self.scorer.device

    @property
    def selected_by(self) -> str:
        """Return what chose the epoch; checkpoints of before this was written do not say."""
        return str(self.content.get("selected_by", "unknown"))

    @property
    def history(self) -> list[dict[str, Any]]:
        """Return the lines of `metrics.jsonl` (docs/runs.md), one an epoch."""
        return self.folder.history()

    def rank(
        self,
        head: str | Unseen | None = None,
        relation: str | None = None,
        tail: str | Unseen | None = None,
        top: int = 10,
        hide_known: bool = False,
    ) -> Rows[Any]:
        """Return the `top` answers to a fact of which just one of the three is missing, best first.

        They are `Answer`s, and `RelationAnswer`s where the relation is missing. `hide_known` leaves
        out facts that the graph holds. Raises `UsageError` unless two names are given and known.
        About an `Unseen` entity see `rank_unseen`.
        """
        if isinstance(head, Unseen) or isinstance(tail, Unseen):
            return rank_unseen(self, head, relation, tail, top)
        if head is not None and relation is None and tail is not None:
            return rank_relations(self.scorer, self.graph, head, tail, top, hide_known)
        return self.rank_all([find_question(self.graph, head, relation, tail)], top, hide_known)[0]

    def rank_all(
        self, questions: Sequence[Question], top: int = 10, hide_known: bool = False
    ) -> list[Rows[Answer]]:
        """Return the `top` answers to each question, as `rank` does."""
        found = predict(self.scorer, self.graph, list(questions), top, hide_known)
        curve = self.calibration.curve if self.calibration else None
        return [answers(self.graph, *pair, curve) for pair in zip(questions, found, strict=True)]

    @cached_property
    def calibration(self) -> Calibrated | None:
        """How often answers of a given probability hold; None without a validation split.

        Runs of before there was any are calibrated when it is first asked for.
        """
        return calibration_of(self.folder, self.scorer, self.graph, self.content["epoch"])

    def explain(
        self,
        head: str | None = None,
        relation: str | None = None,
        tail: str | None = None,
        ask: Literal["tail", "head"] = "tail",
    ) -> Explained:
        """Return what an answer rests on, the one given or the best: see `explain_answer`."""
        from mygo_cli.runs.explained import explain_answer

        return explain_answer(self, head, relation, tail, ask)

    def score(self, triples: Triples | Iterable[tuple[str, str, str]]) -> Vectors:
        """Return the score of each triple, float32 (T,): of its tail, asked (head, relation, ?).

        Triples are names, or rows of the graph, int64 (T, 3), such as `run.graph.test`. Scores
        compare within one question only; `score_facts` says more. Raises `UsageError` for an
        unknown name.
        """
        rows = find_triples(self.graph, triples)
        return tail_scores(self.scorer, rows, block_size(len(self.graph.entities))).numpy()

    def score_facts(
        self,
        triples: Triples | Iterable[tuple[str, str, str]],
        batch_size: int | None = None,
        progress: Progress = silent,
    ) -> Rows[ScoredFact]:
        """Return score, probability and filtered rank of both sides of each triple, in order.

        Triples are given as to `score`, known or not; docs/ranking.md says what the numbers mean.
        Raises `UsageError` for an unknown name.
        """
        rows = find_triples(self.graph, triples)
        at_once = block_size(len(self.graph.entities), batch_size)
        judged = judge_facts(self.scorer, self.graph, rows, at_once, progress)
        return scored_facts(self.graph, rows, judged)

    def evaluate(
        self,
        split: Split = "test",
        ties: TieRule = "realistic",
        batch_size: int | None = None,
        progress: Progress = silent,
        processes: Processes = ALONE,
    ) -> Report:
        """Return the metrics of a split, both sides, filtered: `.overall.mrr` and others.

        `batch_size` questions are asked at once, None asks as many as suit the graph. Several
        `processes` share out the work, and each returns the whole report. Raises `DataError` for a
        split without triples.
        """
        check_choice("ties", ties, get_args(TieRule))
        triples = self.triples_of(split)
        part = processes.part(len(triples))
        own = self.rivals(triples[part], batch_size, progress, f"rank {split}")
        rivals = gather_rivals(processes, own, part.start)
        seen = self.has_tokens("image"), self.has_tokens("text")
        found = report(rivals, triples, self.graph, *seen, ties)
        assert found is not None  # there are triples
        return found

    def triples_of(self, split: Split) -> Triples:
        """Return the triples of a split, int64 (T, 3); raise `DataError` where there are none."""
        triples = self.graph.split(split)
        if not len(triples):
            raise DataError(f"{self.graph.folder} has no {split} triples.", "Name another --split.")
        return triples

    def rivals(
        self,
        triples: Triples,
        batch_size: int | None = None,
        progress: Progress = silent,
        what: str = "rank",
    ) -> Rivals:
        """Rank both sides of `triples` (T, 3) among all entities, filtered."""
        at_once = block_size(len(self.graph.entities), batch_size)
        how = at_once, lambda _, *done: progress(what, *done)
        return evaluate(self.scorer, triples, self.graph.all_triples(), *how)

    def has_tokens(self, modality: Modality) -> Tensor | None:
        """Return which entities the model read tokens of, bool (N,); None if it read none."""
        return self.scorer.has_tokens(modality)

    def complete(
        self,
        top: int = 100,
        relation: str | None = None,
        entity: str | None = None,
        side: Side = "both",
        pairs: Pairs = "seen",
        unlinked: bool = False,
        missing: bool = False,
        schema: str | Path | None = None,
        batch_size: int | None = None,
        progress: Progress = silent,
    ) -> Rows[Fact]:
        """Return the `top` most plausible facts that the graph does not hold, best first.

        Of one `relation` or `entity`, or of all; docs/completion.md explains the rest.
        Raises `UsageError` for an unknown name, `DataError` where there is nothing to ask.
        """
        from mygo_cli.completion.questions import Request
        from mygo_cli.runs.expected import expected_of
        from mygo_cli.runs.facts import Fact, named_facts

        request = Request(top, relation, entity, side, pairs, unlinked, missing, schema)
        found = self.find_facts(request, batch_size, progress=progress)
        curve = expected_of(self, request, batch_size, progress)
        return Rows(Fact, named_facts(self.graph, found.facts, curve), graph=self.graph)

    def find_facts(
        self,
        request: Request,
        batch_size: int | None = None,
        unfinished: Unfinished | None = None,
        progress: Progress = silent,
    ) -> Completion:
        """Return the facts of a request as numbers; `unfinished` says where it was stopped before.

        Raises what `complete` raises, and `Interrupted` after Ctrl-C.
        """
        from mygo_cli.completion.completion import find_facts

        at_once = Portion(block_size(len(self.graph.entities), batch_size), "questions")
        rules = request.rules(self.graph)
        what = request.queries(self.graph, rules), request.top, at_once, unfinished, progress
        return find_facts(self.scorer, self.graph, *what, rules)

    def entity_vectors(self) -> Vectors:
        """Return the vector of each entity, float32 (N, D), in the order of `graph.entities`."""
        return self.single().entities.float().cpu().numpy()

    def relation_vectors(self) -> Vectors:
        """Return the vector of each relation, float32 (M, D), in the order of `graph.relations`."""
        return self.single().relations.float().cpu().numpy()

    def export(self, path: str | Path, what: What = "entities") -> None:
        """Write vectors, or scores of the test triples, to a file (docs/export.md).

        The ending says the format: .npz, .tsv, .safetensors or .parquet. Raises `UsageError` for
        another one, `DataError` where the file cannot be written.
        """
        from mygo_cli.exports.files import format_of, save_table
        from mygo_cli.runs.exported import table_of

        path = expanded(path)
        save_table(path, format_of(path, None), table_of(self, what))
