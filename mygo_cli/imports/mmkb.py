"""Graphs of MMKB: triples in angle brackets, and an index of which pictures are whose."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mygo_cli.errors import DataError
from mygo_cli.graph.text_files import FileFault
from mygo_cli.imports.dataset_folder import Dataset, Fact
from mygo_cli.imports.name_lists import read_lines

TRIPLES, INDEX = "_EntityTriples.txt", "_ImageIndex.txt"
# A term of N-Triples and the blanks behind it: an IRI, a text with its language or type, or a node
# without a name.
TEXT = r'"(?:[^"\\]|\\.)*"(?:@[\w-]+|\^\^<[^>]*>)?'
TERM = re.compile(rf'(<[^>]*>|{TEXT}|_:[^\s<>"]*[^\s<>".])\s*')
END = re.compile(r"\.\s*(?:#.*)?")  # what follows the terms: a full stop, and a comment if any
# What stands before the name in an IRI: the namespaces of DBpedia and Wikidata, else all but the
# last part.
NAMESPACE = re.compile(r"https?://[^/]+/(?:resource|ontology|property|entity)/|.*[/#]")


@dataclass(frozen=True)
class Mmkb:
    """A graph, and for each entity that the image index names the keys of its pictures."""

    dataset: Dataset
    picture_keys: dict[str, list[str]] = field(default_factory=dict)
    unknown: int = 0  # lines of the index that name no entity of the graph


def read_mmkb(folder: Path) -> Mmkb:
    """Return the graph of `<NAME>_EntityTriples.txt` with what `<NAME>_ImageIndex.txt` says.

    All triples become training triples, as MMKB has no splits. What stands in angle brackets is
    called by its last part, unless two would be called the same.
    """
    path = _triples_file(folder)
    raw = list(_raw_facts(path))
    entity_names = short_names(dict.fromkeys(side for fact in raw for side in (fact[0], fact[2])))
    relation_names = short_names(dict.fromkeys(fact[1] for fact in raw))
    facts = [(entity_names[h], relation_names[r], entity_names[t]) for h, r, t in raw]
    entities = list(entity_names.values())
    dataset = Dataset(entities, entities, {"train": facts})
    index = path.with_name(path.name.removesuffix(TRIPLES) + INDEX)
    return _with_index(dataset, index, entity_names) if index.is_file() else Mmkb(dataset)


def short_names(terms: Iterable[str]) -> dict[str, str]:
    """Return what each term is called: `<http://dbpedia.org/resource/Peru>` is `Peru`."""
    bare = {term: term[1:].removesuffix(">") if term[0] == "<" else term for term in terms}
    short = {
        term: NAMESPACE.sub("", name, count=1) or name if term.startswith("<") else name
        for term, name in bare.items()
    }
    count = Counter(short.values())
    named = {term: name if count[name] == 1 else bare[term] for term, name in short.items()}
    count = Counter(named.values())  # of `<Peru>` and `Peru` one keeps its brackets
    return {term: name if count[name] == 1 else term for term, name in named.items()}


def _triples_file(folder: Path) -> Path:
    """Return the one triple file of a folder, or the file itself."""
    if folder.is_file():
        return folder
    found = sorted(folder.glob(f"*{TRIPLES}"))
    if len(found) != 1:
        names = " and ".join(path.name for path in found) or f"no *{TRIPLES}"
        way_out = f"Name the file with the triples in place of {folder}."
        raise DataError(f"{folder} holds {names}.", way_out)
    return found[0]


def _raw_facts(path: Path) -> Iterable[Fact]:
    """Yield the triples as they stand there, without comments and the full stops of lines."""
    empty = True
    for line, text in read_lines(path):
        if _is_comment(text):
            continue
        cells = _terms(text) or _cells(text)
        if cells[-1] == ".":
            cells.pop()
        if len(cells) != 3 or not all(cells):
            message = f"{len(cells)} terms, expected head, relation and tail."
            raise FileFault(path, line, message, "Put a tab between them.")
        empty = False
        yield cells[0], cells[1], cells[2].removesuffix(" .")
    if empty:
        raise DataError(f"{path} holds no triples.", "Copy it again.")


def _is_comment(text: str) -> bool:
    """Say whether a line is a comment: it begins with # and is no three terms with tabs between."""
    return text.startswith("#") and text.count("\t") != 2


def _terms(text: str) -> list[str]:
    """Return the terms of a line of N-Triples, none for a line of another kind."""
    if not text.startswith(("<", "_:")):
        return []
    found = []
    place = 0
    while term := TERM.match(text, place):
        found.append(term[1])
        place = term.end()
    return found if END.fullmatch(text, place) else []


def _cells(text: str) -> list[str]:
    """Return the terms of a line, split at tabs if there are any, else at blanks."""
    return [cell.strip() for cell in (text.split("\t") if "\t" in text else text.split())]


def _with_index(dataset: Dataset, path: Path, entity_names: dict[str, str]) -> Mmkb:
    keys: dict[str, list[str]] = {}
    unknown = 0
    for line, text in read_lines(path):
        cells = _cells(text)
        if text.startswith("#") and len(cells) != 2:
            continue
        if len(cells) != 2:
            raise FileFault(path, line, "not an entity and a key.", "Put a tab between them.")
        name, key = cells
        if entity := entity_names.get(name):
            keys.setdefault(entity, []).append(key)
        else:
            unknown += 1
    return Mmkb(dataset, keys, unknown)
