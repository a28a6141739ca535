"""The model card of a run, made from its other files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.runs.folder import RunFolder
from mygo_cli.runs.selection import WARNING, is_on_test


def model_card(folder: RunFolder, graph: KnowledgeGraph, result: dict[str, Any]) -> str:
    """Return the run's README.md."""
    settings = folder.settings()
    environment = folder.read_environment()
    device, packages = environment.get("device", "-"), environment.get("packages", {})
    tokens = [
        f"- {kind} tokens: {read.keep} an entity, from `{Path(read.cache or '').name}`"
        for kind, read in settings.tokens.used.items()
    ]
    lines = [
        f"# {folder.path.name}",
        "",
        f"A MyGO model that completes the knowledge graph `{graph.name}`: "
        f"{len(graph.entities):,} entities, {len(graph.relations):,} relations, "
        f"{len(graph.train):,} training triples.",
        "",
        f"- decoder: {settings.decoder.name}",
        *tokens,
        f"- structure embeddings: {'yes' if settings.model.structure else 'no'}",
        f"- epoch {result['epoch']} of {settings.training.epochs}, "
        f"selected by {result['selected_by']}",
        f"- seed {settings.training.seed}, trained on {device}, "
        f"torch {packages.get('torch', '-')}, mygo {packages.get('mygo', '-')}",
        *(["", f"**{WARNING}**"] if is_on_test(result["selected_by"]) else []),
        "",
        *split_table(result),
        "",
        "Repeat it with `mygo train --config config.toml`; ask it with",
        f"`mygo rank --run {folder.path.name} --head X --relation Y`.",
    ]
    return "\n".join(lines) + "\n"


def split_table(result: dict[str, Any]) -> list[str]:
    """Return a Markdown table with a row for each split of `result.json`, line by line."""
    rows = [
        f"| {name} | {values['overall']['count']:,} | "
        + " | ".join(f"{values['overall'][key]:.4f}" for key in ("mrr", "hits@1", "hits@10"))
        + " |"
        for name, values in result["splits"].items()
    ]
    return [
        "Filtered ranking of heads and tails, ties counted realistically:",
        "",
        "| split | ranks | MRR | Hits@1 | Hits@10 |",
        "|---|---|---|---|---|",
        *rows,
    ]
