"""A dataset folder (docs/data.md) written from entities and triples that came from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mygo_cli.errors import DataError
from mygo_cli.files import atomic_write
from mygo_cli.graph.files import ENDINGS, SPLITS, Split
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import read_graph
from mygo_cli.graph.rows import TRIPLES, last_as_read

Fact = tuple[str, str, str]  # head, relation, tail


@dataclass(frozen=True)
class Dataset:
    """What a dataset folder is to hold.

    `entities` in order, `names` aligned with them (the id where there is no other), the facts of
    each split with their repeats, as they stand in the source, and the texts about an entity, each
    without tabs and line breaks.
    """

    entities: Sequence[str]
    names: Sequence[str]
    facts: Mapping[Split, Sequence[Fact]] = field(default_factory=dict)
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)


def write_dataset(folder: Path, dataset: Dataset) -> KnowledgeGraph:
    """Write the files of a dataset and return the graph that they make.

    Files that are there already must hold the same, and there may be no others of splits or
    entities, nor of descriptions if the dataset has texts. `train.txt` comes last: until then the
    folder is no graph. Raises `DataError` where the folder holds another dataset or cannot be
    written, and for names that the files cannot hold.
    """
    files = _files(dataset)
    _refuse_others(folder, files)
    try:
        missing = [name for name in files if not _is_there(folder / name, files[name])]
        folder.mkdir(parents=True, exist_ok=True)
        for name in missing:
            with atomic_write(folder / name) as file:
                file.write(files[name])
    except OSError as error:
        where = error.filename or folder
        raise DataError(
            f"{where} cannot be written: {error.strerror}.", "Name another folder with --out."
        ) from error
    return read_graph(folder)


def _files(dataset: Dataset) -> dict[str, bytes]:
    """Return the content of each file by name, in the order of writing."""
    relations = {fact[1] for facts in dataset.facts.values() for fact in facts}
    for name in (*dataset.entities, *dataset.names, *sorted(relations)):
        if not _is_cell(name):
            raise DataError(
                f"{name!r} cannot be a name: tabs, line breaks, NUL bytes and blanks at its ends "
                "get lost.",
                "Rename it in the source.",
            )
    for head, _, tail in (fact for facts in dataset.facts.values() for fact in facts):
        if last_as_read(head, tail) != tail:
            raise DataError(
                f"{tail!r} cannot be a name behind {head!r}: as in N-Triples, its full stop gets "
                "lost.",
                "Rename one of them in the source.",
            )
    # With a header no entity can be taken for one.
    lines = ["entity\tname"]
    for entity, name in zip(dataset.entities, dataset.names, strict=True):
        lines.append(entity if name == entity else f"{entity}\t{name}")
    files = {"entities.tsv": lines}
    if said := [f"{entity}\t{text}" for entity, texts in dataset.texts.items() for text in texts]:
        files["descriptions.tsv"] = ["entity\ttext", *said]
    for split in reversed(SPLITS):
        if facts := dataset.facts.get(split):
            header = ["head\trelation\ttail"] if TRIPLES.order(list(facts[0])) else []
            files[f"{split}.txt"] = [*header, *map("\t".join, facts)]
    return {name: "".join(f"{line}\n" for line in of).encode() for name, of in files.items()}


def _is_cell(text: str) -> bool:
    """Return whether a text comes back from a tab-separated file as it was."""
    return bool(text) and text == text.strip() and not any(mark in text for mark in "\t\r\n\0")


def _refuse_others(folder: Path, files: Mapping[str, bytes]) -> None:
    """Raise `DataError` for a file that would be read beside the ones to write."""
    texts = ["descriptions"] if "descriptions.tsv" in files else []
    for stem in (*SPLITS, "entities", *texts):
        for name in (stem + ending for ending in ENDINGS):
            if name not in files and (folder / name).is_file():
                raise DataError(
                    f"{folder / name} exists and is no part of this dataset.",
                    "Name another folder with --out.",
                )


def _is_there(path: Path, content: bytes) -> bool:
    """Return whether a file exists; raise `DataError` for one of other content."""
    if not path.exists():
        return False
    if path.read_bytes() != content:
        raise DataError(
            f"{path} exists and holds something else.", "Name another folder with --out."
        )
    return True
