"""A graph, tokens and settings small enough to train in a moment."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mygo_cli.device import seed_everything
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.runs.assemble import build_model
from mygo_cli.runs.folder import RunFolder, new_run
from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.sections import Settings
from mygo_cli.settings.toml import to_toml
from mygo_cli.tokens.selection import TokenTable
from mygo_cli.training.fit import TrainingRun

ENTITIES, RELATIONS = 14, 3


def tiny_graph(seed: int = 0) -> KnowledgeGraph:
    """Return 14 entities and 3 relations; every sixth triple is for validation, one for test."""
    random = np.random.default_rng(seed)
    size = (ENTITIES, RELATIONS, ENTITIES)
    triples = random.permutation(np.unique(random.integers(0, size, (90, 3)), axis=0))
    names = tuple(f"e{number}" for number in range(ENTITIES))
    part = np.arange(len(triples)) % 6
    return KnowledgeGraph(
        name="tiny",
        folder=Path("tiny"),
        entities=names,
        relations=("r0", "r1", "r2"),
        names=names,
        kinds=("",) * ENTITIES,
        train=triples[part > 1],
        valid=triples[part == 0],
        test=triples[part == 1],
    )


def tiny_table(seed: int, m: int = 3, codes: int = 6, width: int = 4) -> TokenTable:
    """Return random tokens; every fifth entity has none."""
    random = np.random.default_rng(seed)
    kept = np.where(np.arange(ENTITIES) % 5 == seed % 5, 0, random.integers(1, m + 1, ENTITIES))
    mask = np.arange(m) < kept[:, None]
    ids = np.where(mask, random.integers(0, codes, (ENTITIES, m)), 0).astype(np.int64)
    vectors = random.standard_normal((codes, width)).astype(np.float32)
    return TokenTable(ids, mask, vectors, np.arange(codes))


def tiny_settings(**sections: dict[str, Any]) -> Settings:
    """Return settings of a small model with every dropout on, changed by `sections`."""
    small: dict[str, dict[str, Any]] = {
        "model": {"dim": 8, "feed_forward": 12, "heads": 2, "expert_dim": 8},
        "training": {
            "epochs": 4,
            "batch_size": 16,
            "evaluate_every": 2,
            "contrastive_entities": 10,
            "device": "cpu",
        },
    }
    for name, values in sections.items():
        small[name] = {**small.get(name, {}), **values}
    return from_dict(Settings, small, "test")


def new_fit(
    runs: Path,
    settings: Settings,
    graph: KnowledgeGraph | None = None,
    image: TokenTable | None = None,
    text: TokenTable | None = None,
) -> TrainingRun:
    """Return a fresh run in a new folder of `runs`."""
    graph = graph or tiny_graph()
    seed_everything(settings.training.seed)
    model = build_model(settings, graph, image, text)
    folder = new_run(runs, graph.name, settings.decoder.name)
    folder.write(folder.config, to_toml(settings))
    return TrainingRun(folder, settings, graph, model)


def follow(fit: TrainingRun, watch: Callable[[Any], Any] = lambda event: None) -> None:
    """Train to the end and give each event to `watch`."""
    with closing(fit.events()) as events:
        for event in events:
            watch(event)


def metrics_of(folder: RunFolder) -> list[dict[str, Any]]:
    """Return the lines of metrics.jsonl without the seconds."""
    lines = folder.metrics.read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


def same(ours: Any, theirs: Any, where: str = "state") -> None:
    """Assert that two nests of dicts, lists and tensors are equal to the last bit."""
    assert type(ours) is type(theirs), where
    if isinstance(ours, dict):
        assert list(ours) == list(theirs), where
        for key in ours:
            same(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(ours, (list, tuple)):
        assert len(ours) == len(theirs), where
        for number, pair in enumerate(zip(ours, theirs, strict=True)):
            same(*pair, f"{where}[{number}]")
    elif isinstance(ours, torch.Tensor):
        assert ours.dtype == theirs.dtype, where
        assert torch.equal(ours, theirs), where
    else:
        assert ours == theirs, where
