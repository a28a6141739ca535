"""What came of a search: its best trials, which settings mattered, and the recipe."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial

from mygo_cli.errors import DataError
from mygo_cli.files import as_utf8, atomic_write
from mygo_cli.settings.merging import Nested, decoder_plugin, merge, nested_value
from mygo_cli.settings.sections import Settings
from mygo_cli.tuning.search import Search
from mygo_cli.tuning.space import changes_of, starting_point

RECIPE = "recipe.toml"
FEWEST = 10  # trials that ran to their end: of fewer, what mattered is chance


@dataclass(frozen=True)
class Tried:
    """A trial that ran to its end: its MRR on validation, and its values by setting."""

    number: int
    mrr: float
    seconds: float
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """The trials that ran to their end, the best first, and each setting's share in what mattered.

    The shares add up to 1; there are none of fewer than `FEWEST` trials. `chance` is the most that
    the standard error of the best MRR m can be on n ranks, sqrt(m (1 - m) / n): a reciprocal rank
    lies between 0 and 1. `start` is the trial of the settings that the search began with, None if
    it did not run to its end.
    """

    trials: list[Tried]
    start: Tried | None
    stopped: int
    seconds: float
    mattered: Mapping[str, float]
    chance: float
    recipe: Path


def finish_search(search: Search, base: Settings, name: str) -> Outcome:
    """Write the recipe of the best trial beside the study; return what came of the search.

    `base` are the settings as they were given, without caches that were found; `name` is that of
    the graph. Raises `DataError` where no trial ran to its end.
    """
    study = search.study
    if not study.done:
        raise DataError(
            f"No trial ran to its end in {study.seconds:.0f} s.",
            "The same command with a longer --budget goes on; --epochs N makes trials shorter.",
        )
    path = study.folder / RECIPE
    with atomic_write(path) as file:
        file.write(as_utf8(recipe_text(search, base, name)))
    trials = [_tried(trial) for trial in study.done]
    # By its values, not by its number: it gets another one where it was interrupted.
    begun = changes_of(starting_point(study.space))
    start = (
        tried
        for trial, tried in zip(study.done, trials, strict=True)
        if changes_of(trial.params) == begun
    )
    best = trials[0].mrr
    chance = math.sqrt(best * (1 - best) / search.ranks)
    mattered = what_mattered(search)
    return Outcome(
        trials, next(start, None), len(study.pruned), study.seconds, mattered, chance, path
    )


def _tried(trial: FrozenTrial) -> Tried:
    seconds = trial.duration.total_seconds() if trial.duration else 0.0
    values = dict(_flat(changes_of(trial.params)))
    return Tried(trial.number, trial.value or 0.0, seconds, values)


def what_mattered(search: Search) -> dict[str, float]:
    """Return each setting's share in what told the better trials from the others, largest first.

    PED-ANOVA (Watanabe et al. 2023), as Optuna has it.
    """
    if len(search.study.done) < FEWEST:
        return {}
    found = get_param_importances(
        search.study.optuna, evaluator=PedAnovaImportanceEvaluator(evaluate_on_local=False)
    )
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def recipe_text(search: Search, base: Settings, name: str) -> str:
    """Return the TOML of the best trial: what `mygo train --config` repeats it with.

    It holds what was searched, and what else of the settings is not mygo's default.
    """
    import tomli_w

    best, study = search.study.done[0], search.study
    found = search.settings_of(best.params)
    given = _unlike(dataclasses.asdict(base), _defaults(base))
    training: dict[str, Any] = {"evaluate_every": found.training.evaluate_every}
    # Of facts that the search held out the recipe learns too: nothing is left to choose by.
    how = {"data": {"select": "last"}} if search.cut else {"training": training}
    nested = merge(merge(given, how), changes_of(best.params))
    tried = len(study.done) + len(study.pruned)
    description = f"{name}: valid MRR {best.value:.4f}, the best of {tried} trials of mygo tune"
    made_for = {"graph": name, "entities": len(search.graph.entities)}
    return tomli_w.dumps({"description": description, **nested, "made_for": made_for})


def _defaults(base: Settings) -> dict[str, Any]:
    """Return mygo's own settings, with the options of the decoder that is chosen."""
    cls, _ = decoder_plugin(base.decoder)
    nested = dataclasses.asdict(Settings())
    return merge(nested, {"decoder": {"options": dataclasses.asdict(cls.Options())}})


def _unlike(nested: Nested, other: Nested) -> dict[str, Any]:
    """Return what of nested settings is not the same in the others; TOML knows no None."""
    found: dict[str, Any] = {}
    for keys, value in _flat(nested):
        if value is not None and value != dict(_flat(other)).get(keys):
            found = merge(found, nested_value(keys.split("."), value))
    return found


def _flat(nested: Nested, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every setting as "table.key" with its value."""
    for key, value in nested.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value
