"""What a run begins from: a graph, and settings that suit its size where none are named."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mygo_cli.folders import settings_folder
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import read_graph
from mygo_cli.settings.merging import merged_settings
from mygo_cli.settings.recipes import find_shipped, read_made_for
from mygo_cli.settings.sections import Settings

ALIKE = 0.1  # of the entities more or less: the same graph, perhaps of another release
LARGE, LARGE_FROM = "large", 5000  # a recipe, and the entities from which a graph begins with it
log = logging.getLogger(__name__)


def begin(
    config: Path | None,
    given: Mapping[str, Mapping[str, Any]],
    decoder_options: list[str],
    recipe: str | None,
) -> tuple[Settings, KnowledgeGraph]:
    """Return a run's settings and its graph, which decides what lies below them.

    That is the `recipe`, or the one of `recipe_for`; then come the file `config`, and what was
    `given` on the command line.
    """
    settings = merged_settings(config, given, decoder_options, recipe)
    graph = read_graph(settings_folder(settings))
    note_other_graph(graph, recipe, config)
    if recipe is None and (suited := recipe_for(graph)):
        settings = merged_settings(config, given, decoder_options, suited)
        log.info(f"{len(graph.entities):,} entities: the settings of the recipe {suited} are used.")
    return settings, graph


def recipe_for(graph: KnowledgeGraph) -> str | None:
    """Return the recipe that a graph begins from where none is named, None for mygo's defaults.

    These were chosen on a few hundred entities. A larger graph needs less dropout, and scores a
    sample of its entities (docs/recipes.md).
    """
    return LARGE if len(graph.entities) >= LARGE_FROM else None


def note_other_graph(
    graph: KnowledgeGraph, recipe: str | None, config: Path | None = None
) -> KnowledgeGraph:
    """Return the graph; say so where a recipe or a file of settings was made for another one.

    That is told by the number of entities, as folders may have any name.
    """
    shipped = [find_shipped(recipe, "recipe").path] if recipe else []
    for path in [*shipped, *([config] if config else [])]:
        made_for, here = read_made_for(path), len(graph.entities)
        if made_for and abs(here - made_for.entities) > ALIKE * made_for.entities:
            log.warning(
                f"{path.stem} was made for {made_for.graph} with {made_for.entities:,} entities; "
                f"{graph.name} has {here:,}: other settings may suit it better. "
                "mygo tune looks for them."
            )
    return graph
