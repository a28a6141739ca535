"""A run to look around in: what each page and each JSON answer shows, without any HTTP."""

from __future__ import annotations

import io
import threading
from contextlib import ExitStack
from dataclasses import asdict
from functools import lru_cache

from mygo_cli.errors import DataError, MygoError, UsageError, suggest
from mygo_cli.explore.names import Names
from mygo_cli.explore.shown import (
    Content,
    answer_content,
    entity_content,
    fact_of,
    map_content,
    named,
)
from mygo_cli.explore.uploads import NAME, Described, picture_file
from mygo_cli.explore.verdicts import VERDICTS, Verdicts
from mygo_cli.graph.thumbnails import thumbnail_of
from mygo_cli.graph.triples import Array
from mygo_cli.pages.explain_page import page_content
from mygo_cli.pages.tokens_page import tokens_content
from mygo_cli.ranking.named_rows import find_triples
from mygo_cli.runs.entity_map import entity_map
from mygo_cli.runs.explained import Explained, explain_answer, sources_of
from mygo_cli.runs.run import Run
from mygo_cli.runs.unseen import Unseen
from mygo_cli.tokens.selection import TokenTable
from mygo_cli.tokens.show import EntityTokens, pictures_of
from mygo_cli.tokens.table import table_of

JUDGED = "judged.tsv"
BEGINNINGS = 12  # entities to begin with
MOST_FOUND, MOST_ANSWERS = 100, 500
MOST_ON_MAP = 3000
SMALL, LARGE = 96, 640  # pixels of a picture's longer side
PICTURES_KEPT = 512  # in memory, some kB each


class Explorer:
    """A run, its graph, and the verdicts beside it.

    Requests come in several threads: the model and Pillow's settings are one for all of them, so
    that those who need these take turns.
    """

    def __init__(self, run: Run) -> None:
        run.single()  # several have no tokens to show
        self.run = run
        self.graph = run.graph
        self.names = Names(run.graph)
        self.verdicts = Verdicts(run.folder.path / JUDGED)
        self._turn = threading.Lock()
        self._places: Array | None = None
        self._tables: dict[str, TokenTable] = {}
        self._kept = lru_cache(PICTURES_KEPT)(self._made)

    def warm(self) -> None:
        """Read and compute now what the first request would wait for."""
        self.search("a", 1)
        self.graph.descriptions()
        self.graph.pictures()
        if self.graph.entities and self.graph.relations:
            self.rank(self.graph.entities[0], self.graph.relations[0], None, 1)

    def about(self) -> Content:
        """Return what the run and its graph are, and some entities to begin with."""
        begin = self.names.most_linked(BEGINNINGS)
        return {
            "run": self.run.name,
            "graph": self.graph.name,
            "entities": len(self.graph.entities),
            "relations": list(self.graph.relations),
            "selected_by": self.run.selected_by,
            "begin": [asdict(named(self.graph, row)) for row in begin],
        }

    def search(self, typed: str, most: int) -> Content:
        """Return the entities that fit what was typed, best first."""
        rows = self.names.search(typed, min(most, MOST_FOUND))
        return {"q": typed, "found": [asdict(named(self.graph, row)) for row in rows]}

    def entity(self, name: str) -> Content:
        """Return an entity with all that is known of it; raise `UsageError` for an unknown one."""
        return entity_content(self.graph, self.graph.find_entity(name))

    def tokens(self, name: str) -> Content:
        """Return what the page of `mygo tokens show` says of an entity.

        Raises `DataError` where the run read no tokens, or its token caches are gone.
        """
        row = self.graph.find_entity(name)
        with self._turn:  # it reads pictures
            views = {part: view for (_, part), view in sources_of(self.run, {row}).items()}
            if not views:
                raise DataError(
                    f"The token caches that the run {self.run.name} was trained on are gone, "
                    "or it read none."
                )
            for part, view in views.items():
                if part not in self._tables:
                    count, keep = len(self.graph.entities), self.run.settings.tokens.used[part].keep
                    self._tables[part] = table_of(
                        view.cache, count, keep, select_by=self.run.settings.tokens.select_by
                    )
            shown = EntityTokens(self.graph, row, views.get("image"), views.get("text"))
            try:
                pictures = pictures_of(shown)
            except MygoError:  # the tokenizer that knows how pictures are cut is not installed here
                pictures = []
            return tokens_content(shown, pictures, self._tables)

    def rank(
        self,
        head: str | None,
        relation: str | None,
        tail: str | None,
        top: int = 20,
        hide_known: bool = False,
    ) -> Content:
        """Return the best answers where one side is missing, with what was said of them.

        Raises `UsageError` unless relation and one side are given and known.
        """
        if relation is None or (head is None) == (tail is None):
            raise UsageError("Give a relation, and either a head or a tail.")
        top = min(top, MOST_ANSWERS)
        with self._turn:
            rows = self.run.rank(head, relation, tail, top, hide_known)
        said = self.verdicts.latest()
        given = head if tail is None else tail
        assert given is not None  # one side is given
        return {
            "title": rows.title,
            "entity": asdict(named(self.graph, self.graph.find_entity(given))),
            "relation": self.graph.relations[self.graph.find_relation(relation)],
            "asked": "tail" if tail is None else "head",
            "top": top,
            "known": "hide" if hide_known else "mark",
            "answers": [answer_content(self.graph, row, said.get(fact_of(row))) for row in rows],
        }

    def rank_unseen(self, given: Described, top: int = 20) -> Content:
        """Return the best answers about an entity that is described, not in the graph.

        Raises what `Run.rank` raises, and `UsageError` for what is no picture.
        """
        if given.asked not in ("head", "tail"):
            raise UsageError(f"asked is head or tail, not {given.asked}.")
        with self._turn, ExitStack() as files:
            images = [files.enter_context(picture_file(given.picture))] if given.picture else []
            entity = Unseen(images, given.text or None, NAME)
            head, tail = (entity, None) if given.asked == "tail" else (None, entity)
            rows = self.run.rank(head, given.relation, tail, min(top, MOST_ANSWERS))
            picture = thumbnail_of(images[0]) if images else None
        answers = [
            {**vars(row), **asdict(named(self.graph, self.graph.entity_row[row.entity]))}
            for row in rows
        ]
        asked = {"relation": given.relation, "asked": given.asked, "text": given.text}
        return {"title": rows.title, **asked, "picture": picture, "answers": answers}

    def map(self) -> Content:
        """Return where each entity lies, those with the most facts where there are too many."""
        with self._turn:
            if self._places is None:
                self._places = entity_map(self.run)
        rows = self.names.most_linked(MOST_ON_MAP)
        return map_content(self.graph, rows, self._places)

    def explain(
        self, head: str | None, relation: str | None, tail: str | None, ask: str
    ) -> Explained:
        """Return what an answer rests on; raise what `explain_answer` raises."""
        with self._turn:
            return explain_answer(self.run, head, relation, tail, ask)

    def explain_content(self, explained: Explained) -> Content:
        """Return what the page of `mygo explain` shows."""
        with self._turn:  # it reads pictures
            return page_content(self.run, explained, self._small_picture)

    def _small_picture(self, entity: str) -> str | None:
        return named(self.graph, self.graph.entity_row[entity]).picture

    def judge(self, head: str, relation: str, tail: str, verdict: str) -> Content:
        """Keep a verdict on a fact that the graph does not hold.

        Raises `UsageError` for unknown names, another verdict and a known fact, `DataError` where
        the file cannot be written.
        """
        known = next((each for each in VERDICTS if each == verdict), None)
        if known is None:
            raise UsageError(f"No verdict {verdict}.", suggest(verdict, VERDICTS))
        triples = find_triples(self.graph, [(head, relation, tail)])
        ((first, between, last),) = triples.tolist()
        fact = self.graph.entities[first], self.graph.relations[between], self.graph.entities[last]
        (split,) = self.graph.splits_of(triples)
        if split:
            raise UsageError(f"The graph holds this fact already, in {split}: {', '.join(fact)}.")
        self.verdicts.add(fact, known)
        return dict(zip(("head", "relation", "tail", "verdict"), (*fact, known), strict=True))

    def judged(self) -> Content:
        """Return every fact that was judged, with its latest verdict."""
        keys = ("head", "relation", "tail", "verdict")
        latest = self.verdicts.latest().items()
        return {
            "file": str(self.verdicts.path),
            "verdicts": [dict(zip(keys, (*fact, said), strict=True)) for fact, said in latest],
        }

    def picture(self, entity: str, number: int | None) -> bytes | None:
        """Return a picture of an entity as JPEG: the first that can be read, small, or one, large.

        Only what the graph lists is opened: the caller gives no path. None where there is none.
        """
        return self._kept(self.graph.find_entity(entity), number)

    def _made(self, row: int, number: int | None) -> bytes | None:
        keys = self.graph.pictures()[row]
        if number is None:
            return next(filter(None, (self._jpeg(key, SMALL) for key in keys)), None)
        return self._jpeg(keys[number], LARGE) if 0 <= number < len(keys) else None

    def _jpeg(self, key: str, side: int) -> bytes | None:
        from mygo_cli.graph.pictures import BadPicture, quiet_pillow, read_picture

        try:
            with self._turn, quiet_pillow():
                picture = read_picture(self.graph.images / key)
        except BadPicture:
            return None
        picture.thumbnail((side, side))
        buffer = io.BytesIO()
        picture.save(buffer, format="JPEG", quality=85)
        return buffer.getvalue()
