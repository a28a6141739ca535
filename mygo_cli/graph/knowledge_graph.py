"""The knowledge graph: entities, relations, splits, and their names found whatever the capitals."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from mygo_cli.errors import UsageError, suggest
from mygo_cli.graph.files import SPLITS, Split
from mygo_cli.graph.looks import look
from mygo_cli.graph.media import Descriptions, PictureList, list_pictures, read_descriptions
from mygo_cli.graph.triples import NO_TRIPLES, Numbers, Source, Triples, triple_keys


def find_name(
    what: str, name: str, row_of_id: Mapping[str, int], names: Sequence[str], graph: str
) -> int:
    """Return the row of `name`: an id, else a display name, else either of them folded.

    `names` are aligned with the rows. Raises `UsageError` where nothing or several fit.
    """
    if not isinstance(name, str) or not name.strip():
        raise UsageError(f"No {what} is called {name!r}.", "Give its id or its name.")
    name = name.strip()
    if name in row_of_id:
        return row_of_id[name]
    ids = list(row_of_id)
    found = [row for row, other in enumerate(names) if other == name]
    if not found:
        alike = folded(name)
        pairs = enumerate(zip(ids, names, strict=True))
        found = [row for row, both in pairs if alike in map(folded, both)]
    if not found:
        raise UsageError(f"No {what} {name} in {graph}.", suggest(name, _choices(ids, names)))
    if len(found) > 1:
        known_as = ", ".join(ids[row] for row in found[:8])
        raise UsageError(
            f"{name} is the name of {len(found)} {_plural(what)} of {graph}.",
            f"Take one of these ids: {known_as}{', ...' if len(found) > 8 else ''}.",
        )
    return found[0]


def folded(name: str) -> str:
    """Return what names have in common that differ in capitals, or in underscores for blanks."""
    return look(name).casefold().replace("_", " ")


def _choices(ids: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return ids and names without those that only repeat another in other letters."""
    distinct: dict[str, str] = {}
    for choice in (*ids, *names):
        distinct.setdefault(folded(choice), choice)
    return list(distinct.values())


def _plural(what: str) -> str:
    return what.removesuffix("y") + "ies" if what.endswith("y") else what + "s"


@dataclass(frozen=True, eq=False)
class KnowledgeGraph:
    """The triples of a dataset folder as numbers, with its names; media are read when asked for.

    `entities`, `names` and `kinds` are aligned: id, display name (the id where there is none) and
    kind ('' where unknown). The splits are int64 [T, 3] (head, relation, tail), distinct rows in
    file order. `other` holds facts that are known, hence filtered, but in no split. `sources` says
    which lines the triples of a split come from; it may be empty.
    """

    name: str
    folder: Path
    entities: tuple[str, ...]
    relations: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    train: Triples
    valid: Triples = field(default_factory=NO_TRIPLES.copy)
    test: Triples = field(default_factory=NO_TRIPLES.copy)
    other: Triples = field(default_factory=NO_TRIPLES.copy)
    sources: Mapping[Split, Source] = field(default_factory=dict)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{len(self.split(split)):,} {split}" for split in SPLITS)
        return (
            f"<KnowledgeGraph {self.name}: {len(self.entities):,} entities, "
            f"{len(self.relations):,} relations; triples: {sizes}>"
        )

    def split(self, split: Split) -> Triples:
        """Return the triples of a split, int64 [T, 3]; raise `UsageError` for what is none."""
        if split not in SPLITS:
            raise UsageError(f"{split} is no split.", suggest(split, SPLITS))
        triples: Triples = getattr(self, split)
        return triples

    def lines_of(self, split: Split) -> Numbers:
        """Return how many lines of the file say each triple of a split, int64 [T]."""
        source = self.sources.get(split)
        return source.count if source else np.ones(len(self.split(split)), dtype=np.int64)

    # Ids and names

    @cached_property
    def entity_row(self) -> dict[str, int]:
        """The row of each entity id."""
        return {entity: row for row, entity in enumerate(self.entities)}

    @cached_property
    def relation_row(self) -> dict[str, int]:
        """The row of each relation."""
        return {relation: row for row, relation in enumerate(self.relations)}

    @cached_property
    def entities_sha256(self) -> str:
        """The identity of the entity list: sha256 in hex over the ids joined by newlines."""
        return hashlib.sha256("\n".join(self.entities).encode()).hexdigest()

    @cached_property
    def entity_set_sha256(self) -> str:
        """The same of the entities in any order: over the sorted ids."""
        return hashlib.sha256("\n".join(sorted(self.entities)).encode()).hexdigest()

    @cached_property
    def triples_sha256(self) -> str:
        """The identity of all splits, in file order: sha256 in hex over their numbers."""
        digest = hashlib.sha256()
        for triples in (self.train, self.valid, self.test, self.other):
            digest.update(f"{len(triples)}\n".encode() + triples.astype("<i8").tobytes())
        return digest.hexdigest()

    def find_entity(self, name: str) -> int:
        """Return the row of an entity given by id or display name.

        Capitals, underscores for spaces and what cannot be seen are forgiven. Raises `UsageError`
        with suggestions for an unknown name and for one that several entities share.
        """
        return find_name("entity", name, self.entity_row, self.names, self.name)

    def find_relation(self, name: str) -> int:
        """Return the row of a relation, as forgiving and with the same errors as `find_entity`."""
        return find_name("relation", name, self.relation_row, self.relations, self.name)

    # Known facts

    def fact_keys(self, triples: Triples) -> Numbers:
        """Return one number a triple of this graph, int64 [T], equal only for equal triples."""
        return triple_keys(triples, len(self.relations), len(self.entities))

    def all_triples(self) -> Triples:
        """Return every known fact once, int64 [T, 3]: train, valid, test, then `other`."""
        return self._all_triples

    @cached_property
    def _all_triples(self) -> Triples:
        everything = np.concatenate([self.train, self.valid, self.test, self.other])
        _, first = np.unique(self.fact_keys(everything), return_index=True)
        distinct: Triples = everything[np.sort(first)]
        return distinct

    def splits_of(self, triples: Triples) -> list[str]:
        """Return the first split that holds each triple (T, 3), "other" for a fact that is known
        beside them, empty where none is.
        """
        keys = self.fact_keys(triples)
        names = np.full(len(keys), "", dtype=object)
        splits = {name: self.split(name) for name in SPLITS} | {"other": self.other}
        for split, facts in reversed(splits.items()):
            names[np.isin(keys, self.fact_keys(facts))] = split
        found: list[str] = names.tolist()
        return found

    # Media

    def descriptions(self) -> tuple[str | None, ...]:
        """Return the text of each entity, None where there is none. Read when first asked for."""
        return self.description_file.texts

    def pictures(self) -> tuple[tuple[str, ...], ...]:
        """Return the pictures of each entity, paths relative to `images`, in natural order."""
        return self.picture_list.pictures

    @property
    def images(self) -> Path:
        """The folder that holds a folder of pictures for each entity. It may be missing."""
        return self.folder / "images"

    @cached_property
    def description_file(self) -> Descriptions:
        """The descriptions with what did not fit; raises `DataError` for a file it cannot read."""
        return read_descriptions(self.folder, self.entity_row)

    @cached_property
    def picture_list(self) -> PictureList:
        """The pictures with what did not fit."""
        return list_pictures(self.images, self.entities)
