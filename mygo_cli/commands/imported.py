"""What the `mygo import` commands say of what they made."""

from __future__ import annotations

from typing import Any

from mygo_cli import console
from mygo_cli.cache.stats import Summary
from mygo_cli.commands.tokenize import as_json as cache_as_json
from mygo_cli.commands.train import print_result
from mygo_cli.graph.files import SPLITS
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.imports.official import Imported
from mygo_cli.imports.official_settings import PUBLISHED


def show(found: Imported, dataset: str) -> None:
    """Print where graph, caches and run of a checkout are, and what to do next."""
    show_graph(found.graph)
    for cache in found.caches:
        show_cache(cache)
    if found.run is None or found.known is None or found.result is None:
        if found.checkpoints:
            console.result(f"There is a model, too: --checkpoint {found.checkpoints[0]}")
        console.result(f"Next: mygo train --data {found.graph.folder}")
        return
    known = found.known
    source = f"published for {dataset}" if dataset in PUBLISHED else "by default in their script"
    console.result(f"run: {found.run}")
    console.result(
        f"     read with --heads {known.model.heads} --image-tokens {known.tokens.image.keep} "
        f"--text-tokens {known.tokens.text.keep}: as typed, in its file's name, or {source}"
    )
    print_result(found.result)
    console.result("Next: mygo evaluate --ties official, or mygo rank --head X --relation Y")


def show_graph(graph: KnowledgeGraph) -> None:
    """Print where a graph lies and how large it is."""
    counts = ", ".join(f"{len(graph.split(split)):,} {split}" for split in SPLITS)
    console.result(f"graph: {graph.folder}")
    console.result(
        f"       {len(graph.entities):,} entities, {len(graph.relations):,} relations; "
        f"distinct triples: {counts}"
    )


def show_cache(cache: Summary) -> None:
    """Print where a token cache lies and what it covers."""
    console.result(f"{cache.modality}: {cache.path}")
    console.result(
        f"       {cache.done:,} items of {cache.covered:,} of {cache.entities:,} entities"
        + ("" if cache.new else "; it was there already")
    )


def as_json(found: Imported) -> dict[str, Any]:
    """Return an import as plain values."""
    known = found.known
    return {
        **graph_as_json(found.graph),
        "caches": [cache_as_json(cache) for cache in found.caches],
        "run": str(found.run) if found.run else None,
        "heads": known.model.heads if known else None,
        "image_tokens": known.tokens.image.keep if known else None,
        "text_tokens": known.tokens.text.keep if known else None,
        "result": found.result,
    }


def graph_as_json(graph: KnowledgeGraph) -> dict[str, Any]:
    """Return where a graph lies and how large it is."""
    return {
        "data": str(graph.folder),
        "entities": len(graph.entities),
        "relations": len(graph.relations),
        "triples": {split: len(graph.split(split)) for split in SPLITS},
    }
