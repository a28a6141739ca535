"""A checkout of the MyGO authors' repository to a dataset folder, token caches and a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mygo_cli.cache.finding import MODALITIES
from mygo_cli.cache.stats import Summary
from mygo_cli.errors import DataError, UsageError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Array
from mygo_cli.imports.codebook import as_codebook, read_codebook
from mygo_cli.imports.dataset_folder import write_dataset
from mygo_cli.imports.name_lists import read_names
from mygo_cli.imports.official_checkout import (
    Checkout,
    find_checkout,
    read_dataset,
    read_tokens,
)
from mygo_cli.imports.official_fit import CODES, check_fits, check_parameters
from mygo_cli.imports.official_run import make_run
from mygo_cli.imports.official_settings import known_settings
from mygo_cli.imports.official_state import OfficialState, read_official_state
from mygo_cli.imports.token_cache import check_ids, write_token_cache
from mygo_cli.settings.sections import Settings


@dataclass(frozen=True)
class Wanted:
    """What to import of a checkout: a dataset, its token files, perhaps a checkpoint.

    `heads`, `image_tokens` and `text_tokens` are those that the checkpoint was trained with; None
    takes them from its name, else as published for the dataset.
    """

    dataset: str
    modalities: Sequence[str] = MODALITIES
    checkpoint: Path | None = None
    heads: int | None = None
    image_tokens: int | None = None
    text_tokens: int | None = None


@dataclass(frozen=True)
class Places:
    """Where the dataset folder, the token caches and the run are written."""

    graph: Path
    caches: Path
    runs: Path


@dataclass(frozen=True)
class Imported:
    """What came of an import; `run` and its `result` are None without a checkpoint."""

    graph: KnowledgeGraph
    caches: list[Summary]
    run: Path | None = None
    known: Settings | None = None
    result: dict[str, Any] | None = None
    checkpoints: Sequence[Path] = ()


def import_official(folder: Path, wanted: Wanted, places: Places, device: str = "auto") -> Imported:
    """Import a dataset of a checkout. All of it is read and compared before anything is written.

    Raises `MygoError`, one line with file and key, for whatever does not fit together.
    """
    checkout = find_checkout(folder, wanted.dataset)
    dataset = read_dataset(checkout)
    checkpoint = known = None
    relations: list[str] = []
    if wanted.checkpoint is not None:
        if set(wanted.modalities) != set(MODALITIES):
            raise UsageError(
                "A checkpoint has tokens of both kinds.", "Leave out --no-image and --no-text."
            )
        checkpoint = read_official_state(wanted.checkpoint)
        relations = read_names(checkout.data / "relations.txt")
        check_fits(checkpoint, checkout.data, dataset.entities, relations)
        known = known_settings(
            wanted.dataset, checkpoint, wanted.heads, wanted.image_tokens, wanted.text_tokens
        )
    codebooks = {name: _codebook(checkout, name, checkpoint) for name in wanted.modalities}
    if checkpoint is not None and known is not None:
        check_parameters(checkpoint, known)
    tokens = {name: read_tokens(checkout, name, dataset) for name in wanted.modalities}
    for name in wanted.modalities:
        check_ids(tokens[name][0], len(codebooks[name]))
    graph = write_dataset(places.graph, dataset)
    caches = [
        write_token_cache(places.caches, graph, name, *tokens[name], codebooks[name])
        for name in wanted.modalities
    ]
    if checkpoint is None or known is None:
        return Imported(graph, caches, checkpoints=checkout.checkpoints())
    paths = {cache.modality: cache.path for cache in caches}
    run, result = make_run(checkpoint, graph, relations, paths, known, places.runs, device)
    return Imported(graph, caches, run.path, known, result)


def _codebook(checkout: Checkout, modality: str, checkpoint: OfficialState | None) -> Array:
    """Return the token embeddings of a modality: the file in `tokens/`, else the checkpoint's."""
    path = checkout.codebook(modality)
    if checkpoint is None:
        if not path.is_file():
            raise DataError(
                f"{path}: no such file.",
                "The repository's save_token_embedding.py writes it; a --checkpoint holds it, too.",
            )
        return read_codebook(path)
    name = CODES[modality]
    own = as_codebook(checkpoint.state[name], f"{checkpoint.path}: {name}")
    if not path.is_file():
        return own
    codebook = read_codebook(path)
    if codebook.shape != own.shape:
        raise DataError(
            f"{checkpoint.path}: {name} has the shape {own.shape}, the table in {path} "
            f"{codebook.shape}.",
            "The checkpoint was trained with other tokens: name another one.",
        )
    return codebook
