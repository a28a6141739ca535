"""Tokenizing every modality that a graph has."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence

from mygo_cli.cache.finding import IMAGE
from mygo_cli.cache.stats import Summary
from mygo_cli.errors import DataError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.progress import Progress, silent
from mygo_cli.tokenizing.images import tokenize_images
from mygo_cli.tokenizing.job import Job
from mygo_cli.tokenizing.plugins import Choice, build
from mygo_cli.tokenizing.texts import tokenize_texts

log = logging.getLogger(__name__)


def tokenize_graph(
    graph: KnowledgeGraph, choices: Sequence[Choice], job: Job, progress: Progress = silent
) -> list[Summary]:
    """Tokenize the modalities of `choices`, each with its backend, and return what came of it.

    Pictures are passed over, with a note, where the graph has none. `job` gives everything but
    backend, package and options. Every tokenizer is made before the first is used, so that a
    missing file is told at once.
    """
    wanted = [choice for choice in choices if choice.modality != IMAGE or _has_pictures(graph)]
    if not wanted:
        raise DataError(f"{graph.folder}: there is nothing to tokenize.", "Leave out --no-text.")
    built = [(choice.modality, build(choice, job.device)) for choice in wanted]
    summaries = []
    for modality, backend in built:
        own = dataclasses.replace(
            job,
            backend=backend.backend,
            backend_package=backend.package,
            options=backend.options,
        )
        tokenize = tokenize_images if modality == IMAGE else tokenize_texts
        summaries.append(tokenize(graph, backend.tokenizer, own, progress))
    return summaries


def _has_pictures(graph: KnowledgeGraph) -> bool:
    """Return whether there are pictures; note on stderr if not, and which cannot be used."""
    if unreadable := len(graph.picture_list.unreadable):
        log.warning(f"{unreadable:,} paths under images/ cannot be used; mygo data check says why.")
    if any(graph.pictures()):
        return True
    log.warning(f"{graph.name} has no pictures: only its texts are tokenized.")
    return False
