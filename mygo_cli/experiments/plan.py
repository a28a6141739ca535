"""The runs that an experiment consists of, with settings resolved and data identified."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mygo_cli.cache.finding import check_cache_fits
from mygo_cli.cache.format import TokenCache
from mygo_cli.device import choose_device
from mygo_cli.errors import MygoError
from mygo_cli.experiments.definition import Experiment
from mygo_cli.graph.files import SPLITS
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import read_graph
from mygo_cli.runs.assemble import make_decoder
from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.merging import Nested, merge, resolve
from mygo_cli.settings.recipes import read_recipe
from mygo_cli.settings.sections import Settings
from mygo_cli.training.beginning import recipe_for
from mygo_cli.training.prepare import check_selection, with_caches


@dataclass(frozen=True)
class PlannedRun:
    """One variant with one seed: everything that decides what comes of it.

    `data_sha256` identifies triples and tokens, wherever they lie.
    """

    variant: str
    settings: Settings
    data_sha256: str

    @property
    def seed(self) -> int:
        """Return the seed."""
        return self.settings.training.seed

    @property
    def identity(self) -> str:
        """Return what is the same for two runs that give the same model."""
        return identity(self.settings, self.data_sha256)


def identity(settings: Settings, data_sha256: str) -> str:
    """Return a run's settings and data as one text.

    Places, devices and times of saving make no difference, nor how many tokens are kept of a
    modality that is off.
    """
    values: dict[str, Any] = dataclasses.asdict(settings)
    values["data"].pop("folder")
    for key in ("device", "checkpoint_minutes"):
        values["training"].pop(key)
    for tokens in (values["tokens"]["image"], values["tokens"]["text"]):
        tokens.pop("cache")
        if not tokens["use"]:
            tokens.clear()
    return json.dumps([values, data_sha256], sort_keys=True, default=str)


def planned_runs(
    experiment: Experiment,
    typed: Nested,
    folder_of: Callable[[Settings], Path],
    caches: Path,
    warn: Callable[[str], None],
) -> list[PlannedRun]:
    """Return every run, all variants with the first seed first.

    Settings are those of the recipe, by default the one that suits the size of the graph, overruled
    by the file's, by those `typed`, by the variant's.
    `folder_of` finds the graph. `warn` gets a line, once, for each modality that has no token
    cache.
    Raises `MygoError` for anything wrong with settings, graph or caches: nothing has run then.
    """
    recipe = read_recipe(experiment.recipe) if experiment.recipe else {}
    common = merge(merge(recipe, experiment.settings), typed)
    graphs = cache(read_graph)
    warn_once = cache(warn)
    runs = []
    for variant in experiment.variants:
        where = f"{experiment.path}: {variant.name}"
        changed = merge(common, variant.changes)
        settings = from_dict(Settings, changed, where)
        try:
            graph = graphs(folder_of(settings))
            if experiment.recipe is None and (suited := recipe_for(graph)):
                settings = from_dict(Settings, merge(read_recipe(suited), changed), where)
            settings = resolve(settings)
            settings = with_caches(settings, graph, caches, warn_once)
            _check(settings, graph)
            runs.append(PlannedRun(variant.name, settings, data_sha256(graph, settings)))
        except MygoError as error:
            raise error.within(variant.name) from error
    return [with_seed(run, seed) for seed in experiment.seeds for run in runs]


def _check(settings: Settings, graph: KnowledgeGraph) -> None:
    """Raise `MygoError` for whatever would keep a run from starting."""
    check_selection(settings, graph)
    for tokens in _token_caches(settings).values():
        check_cache_fits(tokens, graph)
    choose_device(settings.training.device)
    make_decoder(settings.decoder, settings.model.dim)


def with_seed(run: PlannedRun, seed: int) -> PlannedRun:
    """Return a planned run with another seed."""
    training = dataclasses.replace(run.settings.training, seed=seed)
    return dataclasses.replace(run, settings=dataclasses.replace(run.settings, training=training))


def data_sha256(graph: KnowledgeGraph, settings: Settings) -> str:
    """Return the sha256 in hex over a graph's names and triples, and the tokens that are read."""
    digest = hashlib.sha256(f"{graph.entities_sha256}\n{graph.relations}\n".encode())
    for split in SPLITS:
        digest.update(split.encode() + graph.split(split).tobytes())
    for modality, tokens in _token_caches(settings).items():
        # Those that are dropped are no part of the fingerprint of imported tokens.
        info, sources = tokens.header.info, tokens.header.sources_sha256
        read = f"{modality} {info.fingerprint} {sources} {sorted(info.drop_ids)}"
        digest.update(read.encode())
    return digest.hexdigest()


def _token_caches(settings: Settings) -> Mapping[str, TokenCache]:
    used = settings.tokens.used
    return {name: TokenCache.open(Path(each.cache)) for name, each in used.items() if each.cache}
