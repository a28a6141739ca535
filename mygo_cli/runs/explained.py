"""An answer of a run explained: what masking each thing that was read does, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch

from mygo_cli.cache.format import TokenCache
from mygo_cli.errors import MygoError, UsageError, check_choice
from mygo_cli.files import expanded
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.model.entity_encoder import ModalityTokens
from mygo_cli.ranking.answers import Question, as_queries, find_question, predict
from mygo_cli.ranking.explain import BagPlaces, Explanation, Masked, explain
from mygo_cli.ranking.filtering import hide_asked, loop_relations
from mygo_cli.runs.answers import titled
from mygo_cli.runs.bundle import caches_of
from mygo_cli.runs.explained_beside import RIVALS, Near, Rival, near_facts, rivals_of
from mygo_cli.runs.notebook import explained_html
from mygo_cli.runs.rows import Rows
from mygo_cli.runs.run import Run
from mygo_cli.settings.sections import SelectBy
from mygo_cli.tokens.show import ModalityView, modality_view

Sources = dict[tuple[int, str], ModalityView]


@dataclass(frozen=True)
class Loss:
    """What an answer loses where an entity is read without something.

    `entity` is an id, `side` whether the entity is asked about or answers; `part` structure, image
    or text; `what` the token in words, or all of the part; `token` its id, None for all and where
    the token cache is gone. `score` and `rank` are those without it, `change` the score's.
    `attention` is the share of the entity encoder's attention that it had, 0 to 1: where the
    encoder looks, not what the answer rests on.
    """

    entity: str
    side: Literal["asked", "answer"]
    part: str
    what: str
    token: int | None
    change: float
    score: float
    rank: int
    attention: float

    SHOWN: ClassVar[Mapping[str, str]] = {
        "of": "entity",
        "side": "side",
        "without": "part",
        "": "what",
        "score": "score",
        "change": "change",
        "rank": "rank",
        "attention": "attention",
    }
    PICTURED: ClassVar[Mapping[str, str]] = {"of": "entity"}


@dataclass(frozen=True, repr=False)
class Explained:
    """An answer with its score and rank, and its `losses`, the largest first.

    A notebook shows its pictures and words, tinted. `rivals` are the best answers to the same
    question, `near` the training facts most like it. `sources` are what the token caches hold of
    both entities, by row and modality.
    """

    graph: KnowledgeGraph
    question: Question
    answer: int
    score: float
    rank: int
    losses: Rows[Loss]
    sources: Sources
    rivals: Rows[Rival]
    near: Rows[Near]

    def __str__(self) -> str:
        said = f"{self.losses.title}: score {self.score:.4f}, rank {self.rank}"
        return "\n\n".join(map(str, (f"{said}\n{self.losses}", self.rivals, self.near)))

    def save_png(self, path: str | Path) -> None:
        """Draw it as one picture, as `mygo explain --png` does.

        Raises `UsageError` for another ending than .png, and `DataError` where the file cannot be
        written.
        """
        from mygo_cli.runs.explained_picture import write_png

        path = expanded(path)
        if path.suffix.lower() not in ("", ".png"):
            raise UsageError(f"{path} is no name for a PNG.", "End it in .png.")
        write_png(path, self)

    def record(self) -> dict[str, Any]:
        """Return all of it but the sources as plain values, as `mygo explain -f json` prints it."""
        return {
            "answer": self.graph.entities[self.answer],
            "score": self.score,
            "rank": self.rank,
            "changes": self.losses.records(),
            "answers": self.rivals.records(),
            "nearest": self.near.records(),
        }

    __repr__ = __str__
    _repr_html_ = explained_html


def explain_answer(
    run: Run, head: str | None, relation: str | None, tail: str | None, ask: str = "tail"
) -> Explained:
    """Return what an answer rests on: the one given, or the best where a side is missing.

    `ask` says which side of a whole fact is the answer. Raises `UsageError` for an unknown name or
    without a relation.
    """
    graph = run.graph
    check_choice("ask", ask, ("tail", "head"))
    question, given = _posed(graph, head, relation, tail, ask)
    (best,) = predict(run.single(), graph, [question], RIVALS, also=given)
    if given is None and not best:
        raise UsageError("No entity is left to answer.")
    answer = best[0].entity if given is None else given
    query = as_queries([question])
    scores = torch.zeros(1, len(graph.entities))
    hide_asked(scores, query, loop_relations(graph.all_triples(), len(graph.relations)))
    rivals = (scores[0] > -torch.inf).to(run.device)
    sources = sources_of(run, {question.asked, answer})
    found = explain(run.single(), query, answer, rivals, bag_places(run, sources))
    title = f"{graph.names[answer]} as the answer to {titled(graph, question)}"
    losses = Rows(Loss, _losses(graph, found, answer, sources), title, graph)
    beside = rivals_of(run, question, best, answer), near_facts(run, question, answer)
    return Explained(graph, question, answer, found.score, found.rank, losses, sources, *beside)


def _posed(
    graph: KnowledgeGraph, head: str | None, relation: str | None, tail: str | None, ask: str
) -> tuple[Question, int | None]:
    """Return the question, and the row of the answer to explain, None for the best one."""
    if head is None or relation is None or tail is None:
        return find_question(graph, head, relation, tail), None
    if ask == "tail":
        return find_question(graph, head, relation, None), graph.find_entity(tail)
    return find_question(graph, None, relation, tail), graph.find_entity(head)


def _losses(graph: KnowledgeGraph, found: Explanation, answer: int, sources: Sources) -> list[Loss]:
    rows = [
        Loss(
            graph.entities[effect.row],
            "answer" if effect.row == answer else "asked",
            effect.masked.part,
            *_in_words(effect.masked, sources.get((effect.row, effect.masked.part))),
            effect.score - found.score,
            effect.score,
            effect.rank,
            effect.attention,
        )
        for effect in found.effects
    ]
    return sorted(rows, key=lambda row: -abs(row.change))


def _in_words(masked: Masked, seen: ModalityView | None) -> tuple[str, int | None]:
    """Return what a token is, and its id where the cache says it."""
    if masked.place is None:
        return ("embedding" if masked.part == "structure" else "all tokens"), None
    if seen is None:
        return f"token {masked.place + 1}", None
    token = seen.tokens.kept[masked.place]
    if piece := seen.piece_of(token):
        return piece, token.token
    named = [f"{Path(key).name} {len(places)}x" for key, places in token.places.items()]
    return f"token {token.token}: {', '.join(named)}", token.token


def sources_of(run: Run, rows: set[int]) -> Sources:
    """Return what the run's token caches hold of entities, where it is what the model read."""
    encoder = run.model.entity_encoder
    modules = {"image": encoder.image, "text": encoder.text}
    found: Sources = {}
    for name, path in caches_of(run).items():
        if (module := modules[name]) is not None:
            tokens = run.settings.tokens
            most = tokens.image.max_pictures if name == "image" else None
            views = _views(path, rows, module, tokens.select_by, most)
            found |= {(row, name): view for row, view in views.items()}
    return found


def bag_places(run: Run, sources: Sources) -> BagPlaces:
    """Return where the kept tokens stand among all that the experts read, where the caches say it.

    An entity's distinct tokens stand in its bag in ascending order, those without meaning left out.
    """
    if run.model.experts is None:
        return {}
    experts, places = run.model.experts.named(), {}
    for (row, part), view in sources.items():
        most = run.settings.tokens.image.max_pictures if part == "image" else None
        items = [item.tokens for item in view.tokens.items if len(item.tokens)][:most]
        read = np.concatenate([np.zeros(0, dtype=np.int64), *items])
        every = np.setdiff1d(read, view.cache.header.info.drop_ids)
        kept = [token.token for token in view.tokens.kept]
        if len(every) == len(experts[part].bag.every_token(row)) and np.isin(kept, every).all():
            places[row, part] = np.searchsorted(every, kept).tolist()
    return places


def _views(
    path: Path, rows: set[int], module: ModalityTokens, select_by: SelectBy, most: int | None
) -> dict[int, ModalityView]:
    """Return entities' tokens by name; none for another cache than the model was trained on."""
    try:
        cache = TokenCache.open(path)
        codes, m = cache.codebook(), module.ids.shape[1]
        views = {row: modality_view(cache, row, m, select_by, most) for row in rows}
    except MygoError:  # the cache is gone, or its tokenizer
        return {}
    for row, view in views.items():
        kept = np.array([token.token for token in view.tokens.kept], dtype=np.int64)
        read = module.codes[module.ids[row][module.mask[row]]].cpu().numpy()
        if not np.array_equal(codes[kept], read):
            return {}
    return views
