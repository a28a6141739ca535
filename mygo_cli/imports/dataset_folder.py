"""A dataset folder (docs/data.md) written from entities and triples that came from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mygo_cli.errors import DataError
from mygo_cli.graph.files import SPLITS, Split
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import read_graph

Fact = tuple[str, str, str]  # head, relation, tail


@dataclass(frozen=True)
class Dataset:
    """What a dataset folder is to hold.

    `entities` in order, `names` aligned with them (the id where there is no other), and the facts
    of each split with their repeats, as they stand in the source.
    """

    entities: Sequence[str]
    names: Sequence[str]
    facts: Mapping[Split, Sequence[Fact]] = field(default_factory=dict)


def write_dataset(folder: Path, dataset: Dataset) -> KnowledgeGraph:
    """Write the files of a dataset and return the graph that they make.

    Files that are there already must hold the same. `train.txt` comes last: until then the folder
    is no graph. Raises `DataError` where the folder holds another dataset or cannot be written.
    """
    files = _files(dataset)
    try:
        missing = [name for name in files if not _is_there(folder / name, files[name])]
        folder.mkdir(parents=True, exist_ok=True)
        for name in missing:
            _write(folder / name, files[name])
    except OSError as error:
        where = error.filename or folder
        raise DataError(
            f"{where} cannot be written: {error.strerror}.", "Name another folder with --out."
        ) from error
    graph = read_graph(folder)
    if graph.entities != tuple(dataset.entities):
        raise DataError(
            f"{folder}: {_first_changed(dataset.entities, graph.entities)!r} cannot be an entity "
            "id: tabs, line breaks and blanks at its ends get lost.",
            "Rename it in the source.",
        )
    return graph


def _files(dataset: Dataset) -> dict[str, bytes]:
    """Return the content of each file by name, in the order of writing."""
    # With this header no entity can be taken for one.
    lines = ["entity\tname"]
    for entity, name in zip(dataset.entities, dataset.names, strict=True):
        lines.append(entity if name == entity else f"{entity}\t{name}")
    files = {"entities.tsv": lines}
    for split in reversed(SPLITS):
        if facts := dataset.facts.get(split):
            files[f"{split}.txt"] = ["\t".join(fact) for fact in facts]
    return {name: "".join(f"{line}\n" for line in of).encode() for name, of in files.items()}


def _is_there(path: Path, content: bytes) -> bool:
    """Return whether a file exists; raise `DataError` for one of other content."""
    if not path.exists():
        return False
    if path.read_bytes() != content:
        raise DataError(
            f"{path} exists and holds something else.", "Name another folder with --out."
        )
    return True


def _write(path: Path, content: bytes) -> None:
    """Write a file at once."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _first_changed(wanted: Sequence[str], found: Sequence[str]) -> str:
    pairs = zip(wanted, found, strict=False)
    return next((one for one, other in pairs if one != other), wanted[-1])
