"""RDF: facts between IRIs, and labels and other texts as names and descriptions."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mygo_cli.errors import DataError, MygoError
from mygo_cli.graph.text_files import FileFault, read_text
from mygo_cli.imports.dataset_folder import Dataset, Fact
from mygo_cli.imports.mmkb import short_names

FORMATS = {".nt": "nt", ".ttl": "turtle", ".rdf": "xml", ".owl": "xml", ".xml": "xml"}
CALLED = {"nt": "N-Triples", "turtle": "Turtle", "xml": "RDF/XML"}
# The last parts of properties that say what a thing is called, in many vocabularies.
LABELS = ("prefLabel", "label", "name", "title")
Texts = dict[tuple[str, str], dict[str, list[str]]]  # subject and property, language, texts


@dataclass
class Rdf:
    """The statements of RDF files, terms in angle brackets, and what was left out of each kind."""

    facts: dict[Fact, None] = field(default_factory=dict)
    texts: Texts = field(default_factory=dict)
    values: int = 0  # numbers, dates and other values that are no text
    nameless: int = 0  # statements about nodes without a name, which no other file can mean

    @property
    def left_out(self) -> dict[str, int]:
        """How many statements of each kind were left out."""
        found = {"values that are no text": self.values, "nodes without a name": self.nameless}
        return {what: count for what, count in found.items() if count}


def read_rdf(paths: Sequence[Path]) -> Rdf:
    """Return the statements of N-Triples, Turtle and RDF/XML files, also packed as .gz.

    Raises `MygoError` where rdflib is not installed, `DataError` for a file of another kind or one
    that is damaged.
    """
    try:
        rdflib = importlib.import_module("rdflib")
    except ImportError as error:
        raise MygoError(
            "RDF needs the package rdflib, which is not installed.", "pip install 'mygo-kg[rdf]'"
        ) from error
    logging.getLogger("rdflib").setLevel(logging.ERROR)  # it warns of each odd date
    found = Rdf()
    for path in paths:
        for subject, relation, value in _statements(rdflib, path):
            _add(found, rdflib, subject, relation, value)
    if not found.facts:
        raise DataError(
            f"{' and '.join(map(str, paths))}: no statement joins two things with names.",
            "A graph is made of such statements; texts alone are none.",
        )
    return found


def format_of(path: Path) -> str | None:
    """Return the RDF format that a file's ending says, None for another."""
    name = path.name.lower().removesuffix(".gz")
    return FORMATS.get(Path(name).suffix)


def _statements(rdflib: Any, path: Path) -> Iterator[tuple[Any, Any, Any]]:
    """Yield the statements of a file; sorted, as rdflib keeps them in no order."""
    kind = format_of(path)
    if kind is None:
        raise DataError(f"{path}: no RDF that mygo reads.", f"It must end in {', '.join(FORMATS)}.")
    if not path.is_file():
        raise DataError(f"{path}: no such file.")
    text, graph = read_text(path), rdflib.Graph()
    try:
        graph.parse(data=text, format=kind, publicID=path.absolute().as_uri())
    except RecursionError as error:
        raise FileFault(path, None, f"not {CALLED[kind]}: nested too deeply.") from error
    except Exception as error:  # each of the parsers raises errors of its own
        said = " ".join(str(error).split())[:120]
        message = f"not {CALLED[kind]}: {said or type(error).__name__}"
        raise FileFault(path, _line_of(error), message, "Export it again.") from error
    return iter(sorted(graph, key=lambda row: tuple(map(str, row))))


def _line_of(error: Exception) -> int | None:
    """Return the line that an error of a parser names, None where it names none."""
    if hasattr(error, "getLineNumber"):
        line = error.getLineNumber()
        return int(line) if line else None
    lines = getattr(error, "lines", None)  # of Turtle's, counted from 0
    return int(lines) + 1 if isinstance(lines, int) else None


def _add(found: Rdf, rdflib: Any, subject: Any, relation: Any, value: Any) -> None:
    """Take in one statement."""
    head = f"<{subject}>"
    if isinstance(subject, rdflib.BNode) or isinstance(value, rdflib.BNode):
        found.nameless += 1
    elif not isinstance(value, rdflib.Literal):
        found.facts[head, f"<{relation}>", f"<{value}>"] = None
    elif not _is_text(rdflib, value):
        found.values += 1
    elif text := " ".join(str(value).replace("\0", " ").split()):
        languages = found.texts.setdefault((head, f"<{relation}>"), {})
        languages.setdefault((value.language or "").lower(), []).append(text)


def _is_text(rdflib: Any, value: Any) -> bool:
    """Say whether a value is a text: of a language, of type string or of none."""
    return bool(value.language) or value.datatype in (None, rdflib.XSD.string)


def as_dataset(found: Rdf, language: str) -> Dataset:
    """Return the facts as a dataset, and the texts of its entities in one language.

    Of a property that has none in that language, those without a language are taken, else those of
    the first language that there is. What is called by several properties is shown by the one that
    stands first in `LABELS`; its other names and texts are its descriptions, the longest first.
    """
    sides = dict.fromkeys(side for fact in found.facts for side in (fact[0], fact[2]))
    entities = short_names(sides)
    relations = short_names(dict.fromkeys(fact[1] for fact in found.facts))
    facts = [(entities[h], relations[r], entities[t]) for h, r, t in found.facts]
    names, texts = dict(zip(entities, entities.values(), strict=True)), {}
    for term, said in _said_of(found.texts, sides, language).items():
        labels = [text for rank, text in said if rank < len(LABELS)]
        names[term] = labels[0] if labels else names[term]
        others = dict.fromkeys(text for _, text in said if text != names[term])
        texts[entities[term]] = sorted(others, key=len, reverse=True)  # a code says less
    return Dataset(
        list(entities.values()), [names[term] for term in entities], {"train": facts}, texts
    )


def _said_of(
    texts: Texts, entities: Mapping[str, None], language: str
) -> dict[str, list[tuple[int, str]]]:
    """Return the texts of each entity with the place of their property in `LABELS`, first first."""
    said: dict[str, list[tuple[int, str]]] = {}
    properties = short_names(dict.fromkeys(relation for _, relation in texts))
    for (term, relation), languages in texts.items():
        if term in entities:
            name = properties[relation].rstrip(">").rpartition("/")[2].rpartition("#")[2]
            rank = LABELS.index(name) if name in LABELS else len(LABELS)
            said.setdefault(term, []).extend((rank, text) for text in _in(language, languages))
    return {term: sorted(rows, key=lambda row: row[0]) for term, rows in said.items()}


def _in(language: str, languages: Mapping[str, list[str]]) -> Iterable[str]:
    """Return texts in a language or a variety of it, else without one, else in the first."""
    wanted = language.lower()
    for name, texts in sorted(languages.items()):
        if name == wanted or name.startswith(f"{wanted}-"):
            return texts
    return languages.get("") or languages[min(languages)]
