"""What a run trains on: a graph whose best epoch can be chosen, and its token tables."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mygo_cli.cache.finding import IMAGE, TEXT, newest_cache
from mygo_cli.cache.format import TokenCache
from mygo_cli.errors import DataError, UsageError
from mygo_cli.files import expanded
from mygo_cli.graph.files import misnamed
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.leaks import validation_leak
from mygo_cli.runs.opened import with_holdout
from mygo_cli.settings.sections import ImageTokenSettings, Settings, TextTokenSettings
from mygo_cli.tokens.selection import TokenTable
from mygo_cli.tokens.table import load_tokens

log = logging.getLogger(__name__)

Tokens = TypeVar("Tokens", ImageTokenSettings, TextTokenSettings)


def prepared_graph(settings: Settings, graph: KnowledgeGraph) -> KnowledgeGraph:
    """Return the graph to train on; raise `DataError` where its best epoch cannot be chosen."""
    check_selection(settings, graph)
    aside = len(graph.valid)
    graph = with_holdout(graph, settings)
    if settings.data.holdout and aside:
        log.info(
            f"The {aside:,} validation triples of {graph.folder} are set aside: "
            f"{len(graph.valid):,} held out of train take their place."
        )
    if settings.data.select == "best" and not len(graph.valid):
        log.warning(
            "No validation triples: the last epoch is kept. "
            f"{_renaming(graph.folder)}--holdout 0.05 cuts some from train and keeps the best."
        )
    return graph


def _renaming(folder: Path) -> str:
    """Return that a validation file has another tool's name, empty if none has."""
    found = [(name, new) for name, new in misnamed(folder).items() if new.startswith("valid")]
    return "".join(f"{name} is read if it is renamed to {new}; " for name, new in found)


def check_selection(settings: Settings, graph: KnowledgeGraph) -> None:
    """Raise `DataError` where nothing can be learned, or the best epoch not be chosen."""
    if not len(graph.train):
        raise DataError(f"{graph.folder} has no training triples.", "See docs/data.md.")
    select = settings.data.select
    if select == "test" and not len(graph.test):
        raise DataError(f"{graph.folder} has no test triples.", "Leave out --select test.")
    if settings.data.holdout or select != "best" or not len(graph.valid):
        return
    leak = validation_leak(graph)
    if leak.serious:
        source = graph.sources.get("valid")
        raise DataError(f"{source.path if source else 'valid'}: {leak.message}", leak.way_out)


def with_tokens(
    settings: Settings, graph: KnowledgeGraph, caches: Path
) -> tuple[Settings, TokenTable | None, TokenTable | None]:
    """Return the settings with their caches named, and the token tables of both modalities."""
    settings = with_caches(settings, graph, caches)
    image, text = settings.tokens.image, settings.tokens.text
    bags, select_by = settings.model.expert_dim > 0, settings.tokens.select_by

    def table(cache: str | None, keep: int, max_pictures: int | None) -> TokenTable | None:
        if cache is None:
            return None
        return load_tokens(cache, graph, keep, max_pictures, bags, select_by)

    return (
        settings,
        table(image.cache, image.keep, image.max_pictures),
        table(text.cache, text.keep, None),
    )


def with_caches(
    settings: Settings,
    graph: KnowledgeGraph,
    caches: Path,
    warn: Callable[[str], None] = log.warning,
) -> Settings:
    """Return the settings with a cache named for each modality; one without a cache is off.

    `warn` gets a line for each of those. Raises `UsageError` where nothing is left to learn from.
    """
    tokens = settings.tokens
    image = _with_cache(IMAGE, tokens.image, graph, caches, warn)
    text = _with_cache(TEXT, tokens.text, graph, caches, warn)
    if not (settings.model.structure or image.use or text.use):
        raise UsageError(
            "Nothing is left to learn from: no structure, no image tokens, no text tokens.",
            "Leave out --no-structure, or run mygo tokenize first.",
        )
    tokens = dataclasses.replace(tokens, image=image, text=text)
    return dataclasses.replace(settings, tokens=tokens)


def _with_cache(
    modality: str, tokens: Tokens, graph: KnowledgeGraph, caches: Path, warn: Callable[[str], None]
) -> Tokens:
    """Return the settings of a modality with its cache named, switched off where there is none."""
    if not tokens.use:
        if tokens.cache:
            raise UsageError(f"--{modality}-cache and --no-{modality} exclude each other.")
        return tokens
    path = expanded(tokens.cache) if tokens.cache else newest_cache(caches, graph, modality)
    if path is None:
        warn(
            f"No {modality} tokens of {graph.name} in {caches}: training without. "
            "mygo tokenize makes them."
        )
        return dataclasses.replace(tokens, use=False)
    if tokens.cache and (held := TokenCache.open(path).header.modality) != modality:
        raise UsageError(f"{path} holds {held} tokens.", f"Name it with --{held}-cache.")
    return dataclasses.replace(tokens, cache=str(path.absolute()))
