"""What tables hold, written as a dataset folder (docs/data.md): whole, or not there."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mygo_cli.errors import DataError
from mygo_cli.graph.files import Split
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.leaks import spared_rows
from mygo_cli.graph.media import folder_name
from mygo_cli.graph.reading import read_graph
from mygo_cli.imports.dataset_folder import Dataset, Fact, write_dataset
from mygo_cli.imports.table_graph import Gathered
from mygo_cli.progress import Progress, silent


@dataclass(frozen=True)
class Shares:
    """The shares of the facts that become a validation and a test split, drawn with a seed."""

    valid: float = 0.0
    test: float = 0.0
    seed: int = 0


def refuse_full_folder(folder: Path) -> None:
    """Raise `DataError` where a folder holds something already, or cannot be made."""
    if folder.is_file():
        raise DataError(f"{folder} is a file.", "The folder to write comes first, then the tables.")
    if folder.is_dir() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty.", "Name another folder, or delete it first.")


def write_graph(
    folder: Path,
    found: Gathered,
    pictures: Mapping[str, Sequence[Path]],
    shares: Shares,
    progress: Progress = silent,
) -> KnowledgeGraph:
    """Write a dataset folder and return its graph.

    Pictures are hard links, symbolic ones where the file system is another, copies where it takes
    no links. All is written into a folder beside, which is renamed when it is whole. Raises
    `DataError` where that fails or no fact can be spared for a split.
    """
    refuse_full_folder(folder)
    with _whole_or_not_there(folder.resolve()) as draft:
        dataset = Dataset(
            list(found.entities),
            [found.names.get(entity, entity) for entity in found.entities],
            {"train": list(found.facts)},
            found.texts,
        )
        graph = write_dataset(draft, dataset)
        if shares.valid or shares.test:
            (draft / "train.txt").unlink()
            write_dataset(draft, replace(dataset, facts=_split(graph, shares)))
        _place_pictures(draft / "images", pictures, progress)
    return read_graph(folder)


@contextmanager
def _whole_or_not_there(folder: Path) -> Iterator[Path]:
    """Give a folder that takes the place of `folder` at the end, and is deleted otherwise."""
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    try:
        draft.mkdir(parents=True)
        yield draft
        with suppress(FileNotFoundError):
            folder.rmdir()  # it was empty
        draft.rename(folder)
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written: {error.strerror}.", "Name another folder."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _split(graph: KnowledgeGraph, shares: Shares) -> dict[Split, list[Fact]]:
    """Return the facts of each split; no entity and no relation leaves train altogether."""
    wanted = {
        "valid": round(shares.valid * len(graph.train)),
        "test": round(shares.test * len(graph.train)),
    }
    total = sum(wanted.values())
    spared = spared_rows(graph, total, shares.seed)
    if len(spared) < total or not total:
        raise DataError(
            f"Of {len(graph.train):,} facts {len(spared):,} can be held out, {total:,} were asked "
            "for: no entity or relation may leave train altogether.",
            "Give smaller shares, or leave --valid and --test out.",
        )
    drawn = np.random.default_rng(shares.seed).permutation(spared)
    valid, test = np.sort(drawn[: wanted["valid"]]), np.sort(drawn[wanted["valid"] :])
    train = np.setdiff1d(np.arange(len(graph.train)), spared)
    return {
        "train": _facts_at(graph, train),
        "valid": _facts_at(graph, valid),
        "test": _facts_at(graph, test),
    }


def _facts_at(graph: KnowledgeGraph, rows: np.ndarray) -> list[Fact]:
    return [
        (graph.entities[head], graph.relations[relation], graph.entities[tail])
        for head, relation, tail in graph.train[rows].tolist()
    ]


def _place_pictures(
    images: Path, pictures: Mapping[str, Sequence[Path]], progress: Progress
) -> None:
    for done, (entity, paths) in enumerate(pictures.items(), 1):
        folder = images / folder_name(entity)
        folder.mkdir(parents=True, exist_ok=True)
        taken: set[str] = set()
        for path in paths:
            name = path.name
            while name.casefold() in taken:  # of two folders; some systems forgive capitals
                name = f"{len(taken) + 1}-{name}"
            taken.add(name.casefold())
            link_or_copy(path.resolve(), folder / name)
        progress("pictures", done, len(pictures))


def link_or_copy(source: Path, target: Path) -> None:
    """Make a file appear at another place: hard link, else symbolic link, else copy."""
    for link in (target.hardlink_to, target.symlink_to):
        with suppress(OSError, NotImplementedError):
            link(source)
            return
    shutil.copyfile(source, target)
