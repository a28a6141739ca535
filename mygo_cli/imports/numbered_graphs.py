"""Graphs of OpenKE, LibKGE and PyKEEN: triples of numbers, with lists of the names behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from mygo_cli.errors import DataError
from mygo_cli.graph.files import SPLITS, Split
from mygo_cli.graph.text_files import FileFault
from mygo_cli.imports.dataset_folder import Dataset, Fact
from mygo_cli.imports.name_lists import (
    is_number,
    read_lines,
    read_numbered_names,
    told_apart,
)

Order = Literal["htr", "hrt"]  # head, tail, relation or head, relation, tail
PYKEEN_SPLITS: dict[Split, str] = {"train": "training", "valid": "validation", "test": "testing"}
COPY_AGAIN = "Copy the files again."
OTHER_ORDER: dict[Order, str] = {
    "htr": "Read were head, tail, relation; --order hrt reads head, relation, tail.",
    "hrt": "Read were head, relation, tail; --order htr reads head, tail, relation.",
}


class Names(NamedTuple):
    """The ids of entities and relations by their numbers, and what the entities are called."""

    entities: list[str]
    relations: list[str]
    shown: list[str]


def _names(entities: Path, relations: Path, number_first: bool, header: str | None = None) -> Names:
    """Return the names that two files list."""
    shown = read_numbered_names(entities, number_first, header)
    labels = read_numbered_names(relations, number_first, header)
    return Names(told_apart(shown, entities), told_apart(labels, relations), shown)


def read_openke(folder: Path, order: Order = "htr") -> Dataset:
    """Return the graph of `entity2id.txt`, `relation2id.txt`, `train2id.txt` and so on."""
    names = _names(folder / "entity2id.txt", folder / "relation2id.txt", number_first=False)
    files = _split_files(folder, {split: f"{split}2id.txt" for split in SPLITS})
    facts = {split: _facts(path, order, names, OTHER_ORDER[order]) for split, path in files.items()}
    _refuse_no_train(files, facts)
    return Dataset(names.entities, names.shown, facts)


def read_libkge(folder: Path) -> Dataset:
    """Return the graph of `entity_ids.del`, `relation_ids.del`, `train.del` and so on.

    Display names come from `entity_strings.del`, which may be missing or name only some.
    """
    names = _names(folder / "entity_ids.del", folder / "relation_ids.del", number_first=True)
    files = _split_files(folder, {split: f"{split}.del" for split in SPLITS})
    facts = {split: _facts(path, "hrt", names) for split, path in files.items()}
    _refuse_no_train(files, facts)
    shown = _libkge_names(folder / "entity_strings.del", names.shown)
    return Dataset(names.entities, shown, facts)


def read_pykeen(folder: Path) -> Dataset:
    """Return the graph that `Dataset.to_directory_binary(folder)` of PyKEEN wrote."""
    wanted = {split: f"{name}/numeric_triples.tsv.gz" for split, name in PYKEEN_SPLITS.items()}
    shown: dict[str, str] = {}  # of each entity
    facts: dict[Split, Sequence[Fact]] = {}
    files = _split_files(folder, wanted)
    for split, path in files.items():
        lists = [path.with_name(f"{what}_to_id.tsv.gz") for what in ("entity", "relation")]
        names = _names(lists[0], lists[1], number_first=True, header="id\tlabel")
        facts[split] = _facts(path, "hrt", names)
        shown.update(zip(names.entities, names.shown, strict=True))
    _refuse_no_train(files, facts)
    return Dataset(list(shown), list(shown.values()), facts)


def _split_files(folder: Path, names: Mapping[Split, str]) -> dict[Split, Path]:
    """Return the file of each split that is there; raise `DataError` where train is not."""
    files = {split: folder / name for split, name in names.items() if (folder / name).is_file()}
    if "train" not in files:
        raise DataError(f"{folder / names['train']}: no such file.", "Name the folder it is in.")
    return files


def _refuse_no_train(files: Mapping[Split, Path], facts: Mapping[Split, Sequence[Fact]]) -> None:
    if not facts["train"]:
        raise DataError(f"{files['train']} holds no triples.", COPY_AGAIN)


def _facts(path: Path, order: Order, names: Names, way_out: str = COPY_AGAIN) -> list[Fact]:
    """Return the triples of a file by name.

    A first line with a number alone says how many follow; a header is left out. `way_out` is for
    a number without a name.
    """
    found: list[Fact] = []
    promised = None
    for line, text in read_lines(path):
        cells = text.split()
        if line == 1 and cells == ["head", "relation", "tail"]:
            continue
        if len(cells) == 1 and not found and promised is None and is_number(text):
            promised = int(text)
            continue
        if len(cells) != 3 or not all(map(is_number, cells)):
            raise FileFault(path, line, "not three numbers from 0 on.", "Take the line out.")
        head, middle, last = map(int, cells)
        relation, tail = (last, middle) if order == "htr" else (middle, last)
        if message := _without_name(max(head, tail), relation, names):
            raise FileFault(path, line, message, way_out)
        found.append((names.entities[head], names.relations[relation], names.entities[tail]))
    if promised not in (None, len(found)):
        message = f"{path} says {promised:,} triples and lists {len(found):,}."
        raise DataError(message, "It may be cut off: copy it again.")
    return found


def _without_name(entity: int, relation: int, names: Names) -> str:
    """Return which of two numbers has no name, empty if both have one."""
    if relation >= len(names.relations):
        return f"there is no relation {relation}: {len(names.relations):,} have a name."
    if entity >= len(names.entities):
        return f"there is no entity {entity}: {len(names.entities):,} have a name."
    return ""


def _libkge_names(path: Path, entities: Sequence[str]) -> list[str]:
    """Return the display names: lines of entity id, or of its number, and name."""
    if not path.is_file():
        return list(entities)
    known: dict[str, str] = {}
    for _, text in read_lines(path):
        key, _, name = text.partition("\t")
        known[key.strip()] = " ".join(name.split())
    by_id = any(entity in known for entity in entities)
    keys = entities if by_id else [str(number) for number in range(len(entities))]
    return [known.get(key) or entity for key, entity in zip(keys, entities, strict=True)]
