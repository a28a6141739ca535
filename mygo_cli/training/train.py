"""A trained run in one call: what `mygo.train` is."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from mygo_cli.cache.finding import MODALITIES
from mygo_cli.cache.format import TokenCache
from mygo_cli.cache.stats import Summary
from mygo_cli.errors import UsageError, suggest
from mygo_cli.files import expanded
from mygo_cli.folders import cache_dir as folder_of_caches
from mygo_cli.folders import runs_dir as folder_of_runs
from mygo_cli.folders import world_folder
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import as_graph
from mygo_cli.progress import Progress, silent
from mygo_cli.runs.run import Run
from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.merging import Nested, merge, nested_value, overlaid, resolve
from mygo_cli.settings.recipes import read_recipe, read_settings
from mygo_cli.settings.sections import Settings, name_of, settings_fields
from mygo_cli.training.beginning import note_other_graph, recipe_for
from mygo_cli.training.fit import TrainingRun
from mygo_cli.training.loop import StepDone
from mygo_cli.training.run import train_run

Tokens = Summary | str | Path


def train(
    graph: KnowledgeGraph | str | Path,
    tokens: Tokens | Iterable[Tokens] | None = None,
    settings: Settings | str | Path | None = None,
    recipe: str | None = None,
    cache_dir: str | Path | None = None,
    runs_dir: str | Path | None = None,
    progress: Progress = silent,
    name: str = "",
    log: str | Sequence[str] = (),
    **options: Any,
) -> Run:
    """Train a model of a graph; return the run, which lies in a new folder of `runs_dir`.

    `tokens` are what `tokenize` returned, or the paths of token caches, or one of them; a modality
    without one is not used. None takes the newest caches of the graph in `cache_dir`. The
    `settings` (a file in TOML, or an object) lie over those of a `recipe` that comes with mygo.
    Each of the `options` is named as on the command line and overrules both: `epochs=50`,
    `decoder="distmult"`, `decoder_options={...}`, `image_tokens=4`, `holdout=0.05`, `device="cpu"`
    (docs/settings.md).

    A `name` is put at the end of the folder's, to find the run by. `log` names loggers
    (docs/plugins.md), such as "tensorboard". Raises `UsageError` for an
    unknown option or value, `DataError` for a graph or a cache that
    cannot be used, and `Interrupted` with the way on after Ctrl-C.
    """
    named = expanded(settings) if isinstance(settings, (str, Path)) else None
    graph = note_other_graph(as_graph(graph), recipe, named)
    given = merge({"data": {"folder": _folder_of(graph)}}, _placed(options))
    if tokens is not None:
        given = merge({"tokens": _named_caches(tokens)}, given)
    begun = recipe or recipe_for(graph)
    below = merge(read_recipe(begun) if begun else {}, _nested(settings))
    chosen = resolve(from_dict(Settings, merge(below, given), "train"))
    caches, runs = folder_of_caches(cache_dir), folder_of_runs(runs_dir)
    logs = [log] if isinstance(log, str) else log
    return train_run(chosen, graph, caches, runs, _reporting(progress), name=name, log=logs).run


def _folder_of(graph: KnowledgeGraph) -> str | None:
    """Return the graph's folder as settings name it, None for the built-in graph."""
    folder = graph.folder.absolute()
    return None if folder == world_folder().absolute() else str(folder)


def _nested(settings: Settings | str | Path | None) -> Nested:
    """Return the tables of settings, wherever they come from."""
    if settings is None:
        return {}
    if isinstance(settings, Settings):
        return dataclasses.asdict(settings)
    return read_settings(expanded(settings))


def _placed(options: Mapping[str, Any]) -> Nested:
    """Return options by the table that each stands in; raise `UsageError` for an unknown one."""
    places = {
        name_of(field): keys
        for keys, field, _ in settings_fields(Settings)
        if keys != ("data", "folder")  # which is that of the graph
    }
    places["decoder_options"] = places.pop("decoder_option")  # all of them, as a dictionary
    nested: dict[str, Any] = {}
    for name, value in options.items():
        if name not in places:
            raise UsageError(f"train has no option {name}.", suggest(name, places))
        nested = overlaid(nested, nested_value(places[name], value))
    return nested


def _named_caches(tokens: Tokens | Iterable[Tokens]) -> dict[str, Any]:
    """Return which token caches to use, and which modality is off for want of one."""
    each_one = [tokens] if isinstance(tokens, (Summary, str, Path)) else tokens
    paths = [expanded(each.path if isinstance(each, Summary) else each) for each in each_one]
    found = {TokenCache.open(path).header.modality: str(path.absolute()) for path in paths}
    return {
        modality: {"use": modality in found, "cache": found.get(modality)}
        for modality in MODALITIES
    }


def _reporting(progress: Progress) -> typing.Callable[[TrainingRun], None]:
    """Return what trains a run to its end and reports the steps that are done."""

    def follow(run: TrainingRun) -> None:
        progress("train", run.steps_done, run.steps)
        with closing(run.events()) as events:
            for event in events:
                if isinstance(event, StepDone):
                    done = (event.epoch - 1) * event.steps + event.step
                    progress("train", done, run.steps)

    return follow
