"""Which files of a dataset folder hold what: splits, descriptions and entities, in any ending."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mygo_cli.errors import DataError

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
STEMS = (*SPLITS, "descriptions", "entities")
ENDINGS = tuple(kind + packed for kind in (".txt", ".tsv", ".csv") for packed in ("", ".gz"))
# What KG-BERT, PyKEEN and others call the same; of several, the first is the fullest.
OTHER_NAMES = {
    "training": "train",
    "dev": "valid",
    "validation": "valid",
    "val": "valid",
    "testing": "test",
    "entity2textlong": "descriptions",
    "entity2text": "descriptions",
}
WANTED = (
    "A graph is a folder with train.txt (or .tsv, .csv, each also .gz): head, relation and tail, "
    "separated by tabs; see docs/data.md."
)


@dataclass(frozen=True)
class GraphFiles:
    """The files of a dataset folder, None where there is none; `ignored` tables are not read."""

    train: Path
    valid: Path | None
    test: Path | None
    descriptions: Path | None
    entities: Path | None
    ignored: tuple[str, ...]


def find_files(folder: Path) -> GraphFiles:
    """Return the files of a dataset folder.

    Raises `DataError` where the folder is missing or no folder, holds no train file, or holds two
    files for the same thing.
    """
    names = _file_names(folder)
    found = {stem: _only_file(folder, stem, names) for stem in STEMS}
    train = found.pop("train")
    if train is None:
        raise DataError(f"{folder}: no train file.", _renaming(folder) or _below(folder) or WANTED)
    read = {path.name for path in (train, *found.values()) if path is not None}
    ignored = tuple(name for name in names if name.endswith(ENDINGS) and name not in read)
    return GraphFiles(train, **found, ignored=ignored)


def misnamed(folder: Path) -> dict[str, str]:
    """Return the files that are not read but would be under another name, each with that name.

    Names that are taken are left out, and so is everything where the folder cannot be listed.
    """
    try:
        names = _file_names(folder)
    except DataError:
        return {}
    taken = {stem for stem in STEMS for ending in ENDINGS if stem + ending in names}
    found = {}
    for stem, wanted in OTHER_NAMES.items():
        for ending in ENDINGS:
            if stem + ending in names and wanted not in taken:
                found[stem + ending] = wanted + ending
                taken.add(wanted)
    return found


def _file_names(folder: Path) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError as error:
        raise DataError(f"{folder}: no such folder.", WANTED) from error
    except NotADirectoryError as error:
        raise DataError(f"{folder} is a file, not a folder.", WANTED) from error
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}.", WANTED) from error
    return [name for name in names if os.path.isfile(folder / name)]


def _only_file(folder: Path, stem: str, names: list[str]) -> Path | None:
    found = [name for name in names if name in {stem + ending for ending in ENDINGS}]
    if len(found) > 1:
        raise DataError(f"{folder}: {' and '.join(found)} stand side by side.", "Keep one of them.")
    return folder / found[0] if found else None


def _renaming(folder: Path) -> str:
    """Return the way out where the train file has another name, else nothing."""
    found = {new: name for name, new in misnamed(folder).items() if new.startswith("train")}
    return " ".join(f"Rename {name} to {new}." for new, name in found.items())


def _below(folder: Path) -> str:
    """Return the way out for someone who named the folder above a graph, else nothing."""
    for file in sorted(folder.glob("*/train.*")):
        if file.name in {"train" + ending for ending in ENDINGS}:
            return f"Did you mean {file.parent}?"
    return ""
