"""From a checkpoint of the MyGO authors' implementation to a run folder of ours."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mygo_cli.cache.finding import IMAGE, TEXT
from mygo_cli.errors import DataError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.imports.official_fit import CHECK_DATASET, CODES, parameters_of
from mygo_cli.imports.official_state import OfficialState, translate_state
from mygo_cli.runs.card import split_table
from mygo_cli.runs.folder import RunFolder, new_run
from mygo_cli.settings.sections import DataSettings, Settings
from mygo_cli.tokens.selection import TokenTable
from mygo_cli.tokens.table import load_tokens

log = logging.getLogger(__name__)


def make_run(
    checkpoint: OfficialState,
    graph: KnowledgeGraph,
    relations: Sequence[str],
    caches: Mapping[str, Path],
    known: Settings,
    runs: Path,
    device: str,
) -> tuple[RunFolder, dict[str, Any]]:
    """Write a run folder with the checkpoint's model; return it and its `result.json`.

    `relations` are in the order of the checkpoint's embeddings, `caches` hold the tokens of both
    modalities. `check_parameters` has found the checkpoint good.
    """
    from mygo_cli.device import choose_device
    from mygo_cli.runs.environment import environment
    from mygo_cli.runs.measured import measure
    from mygo_cli.runs.opened import load_run

    chosen = choose_device(device)
    settings = _settings(graph, caches, known, device)
    content = _best(checkpoint, settings, graph, relations, caches)
    folder = new_run(runs, graph.name, settings.decoder.name)
    folder.write_settings(settings)
    folder.write_json(folder.environment, environment(chosen))
    _save(folder, content)
    log.info("Measuring the model on valid and test.")
    result = measure(load_run(folder, graph, chosen))
    folder.write_json(folder.result, result)
    folder.write(folder.card, _card(folder, checkpoint, graph, settings, result))
    return folder, result


def _save(folder: RunFolder, content: dict[str, Any]) -> None:
    from mygo_cli.runs.checkpoint import save_checkpoint

    save_checkpoint(folder.best, content)


def _settings(
    graph: KnowledgeGraph, caches: Mapping[str, Path], known: Settings, device: str
) -> Settings:
    """Return what is known with graph, caches and device filled in; nothing is held out."""
    return replace(
        known,
        data=DataSettings(folder=str(graph.folder.absolute()), select="last"),
        tokens=replace(
            known.tokens,
            image=replace(known.tokens.image, cache=str(caches[IMAGE].absolute())),
            text=replace(known.tokens.text, cache=str(caches[TEXT].absolute())),
        ),
        training=replace(known.training, device=device),
    )


def _best(
    checkpoint: OfficialState,
    settings: Settings,
    graph: KnowledgeGraph,
    relations: Sequence[str],
    caches: Mapping[str, Path],
) -> dict[str, Any]:
    """Return what `best.pt` holds: the model with its vectors."""
    import torch

    from mygo_cli.runs.assemble import build_model, graph_identity

    kept = {IMAGE: settings.tokens.image.keep, TEXT: settings.tokens.text.keep}
    tables = {
        modality: _with_codes(load_tokens(path, graph, kept[modality]), checkpoint, modality)
        for modality, path in caches.items()
    }
    model = build_model(settings, graph, tables[IMAGE], tables[TEXT]).eval()
    _load(model, checkpoint, graph, relations)
    with torch.no_grad():
        vectors = {
            "entity_vectors": model.entity_vectors(),
            "relation_vectors": model.relation_vectors(),
        }
    return {
        "model": model.state_dict(),
        "graph": graph_identity(graph),
        "epoch": checkpoint.epoch,
        "selected_by": "imported",
        "validation_mrr": None,
        **vectors,
    }


def _with_codes(table: TokenTable, checkpoint: OfficialState, modality: str) -> TokenTable:
    """Return a token table with the embeddings that the checkpoint was trained with."""
    codebook = checkpoint.state[CODES[modality]]
    used = table.vocabulary
    if used[-1] >= len(codebook):
        raise DataError(
            f"{checkpoint.path}: {CODES[modality]} has {len(codebook):,} rows, and the token id "
            f"{used[-1]} occurs.",
            CHECK_DATASET,
        )
    if used[0] < 0:  # nobody has a token: one row of zeros, as wide as the projection wants it
        return replace(table, codes=np.zeros((1, codebook.shape[1]), dtype=np.float32))
    return replace(table, codes=codebook[used].float().numpy())


def _load(
    model: Any, checkpoint: OfficialState, graph: KnowledgeGraph, relations: Sequence[str]
) -> None:
    """Give the model the checkpoint's parameters, relations in the order of the graph."""
    parameters = translate_state(checkpoint.state)
    row_of = {relation: row for row, relation in enumerate(relations)}
    rows = [row_of[relation] for relation in graph.relations]
    parameters["relation.weight"] = parameters["relation.weight"][rows]
    known = {name: parameters[name] for name in parameters_of(model)}
    model.load_state_dict(known, strict=False)


def _card(
    folder: RunFolder,
    checkpoint: OfficialState,
    graph: KnowledgeGraph,
    settings: Settings,
    result: dict[str, Any],
) -> str:
    """Return the run's README.md."""
    lines = [
        f"# {folder.path.name}",
        "",
        f"A model of the knowledge graph `{graph.name}`, imported from `{checkpoint.path.name}`, a "
        "checkpoint of the MyGO authors' implementation.",
        "",
        f"- decoder: {settings.decoder.name}",
        f"- attention heads: {settings.model.heads}; image tokens: "
        f"{settings.tokens.image.keep}; text tokens: {settings.tokens.text.keep} an entity",
        f"- epoch {result['epoch'] or 'unknown'}; the checkpoint does not say how it was selected",
        "",
        *split_table(result),
        "",
        "`mygo evaluate --ties official` counts ties as the authors do. Ask it with",
        f"`mygo rank --run {folder.path.name} --head X --relation Y`.",
    ]
    return "\n".join(lines) + "\n"
