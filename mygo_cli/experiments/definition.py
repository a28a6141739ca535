"""What an experiment file asks for: variants of settings, each trained with several seeds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mygo_cli.errors import UsageError
from mygo_cli.settings.fields import from_dict
from mygo_cli.settings.merging import Nested, merge, nested_value
from mygo_cli.settings.sections import SEED_END, Settings, name_of, settings_fields
from mygo_cli.settings.toml import new_keys, read_toml, with_new_names


@dataclass(frozen=True)
class Variant:
    """One row of the table: its name, and the settings in which it differs."""

    name: str
    changes: Nested


@dataclass(frozen=True)
class Experiment:
    """An experiment file (docs/experiments.md), its grid written out as variants."""

    path: Path
    description: str
    recipe: str | None
    seeds: tuple[int, ...]
    settings: Nested
    variants: tuple[Variant, ...]


@dataclass(frozen=True)
class ExperimentFile:
    """The keys of an experiment file. Raises `ValueError` for what cannot be an experiment."""

    description: str = ""
    recipe: str | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    settings: dict[str, Any] = field(default_factory=dict)
    variant: tuple[dict[str, Any], ...] = ()
    grid: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        whole = all(isinstance(seed, int) and not isinstance(seed, bool) for seed in self.seeds)
        if not self.seeds or not whole or len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds must be different whole numbers, such as [0, 1, 2].")
        if not all(0 <= seed < SEED_END for seed in self.seeds):
            raise ValueError("seeds must not be negative, and below 2 to the power of 63.")
        for each in self.variant:
            name = each.get("name") if isinstance(each, Mapping) else None
            if not isinstance(name, str) or not name.isprintable() or not name.strip():
                raise ValueError('each [[variant]] needs a name = "..." of one line.')


def read_experiment(path: Path) -> Experiment:
    """Return the experiment of a file; raise `MygoError` with the place of a mistake.

    The settings themselves are only looked at when runs are planned.
    """
    file = from_dict(ExperimentFile, read_toml(path), str(path))
    try:
        variants = tuple(_variants(file, path.stem))
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from error
    names = [variant.name for variant in variants]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"{path}: two variants are called {name}.",
                "Give each [[variant]] a name of its own; a grid is named after its values.",
            )
    for where in (file.settings, *(variant.changes for variant in variants)):
        training = where.get("training")
        if isinstance(training, Mapping) and "seed" in training:
            raise UsageError(f"{path}: training.seed is set.", "Write seeds = [...] instead.")
    settings = with_new_names(file.settings, str(path))
    return Experiment(path, file.description, file.recipe, file.seeds, settings, variants)


def _variants(file: ExperimentFile, alone: str) -> Iterator[Variant]:
    """Yield every variant at every point of the grid; one called `alone` where there are none."""
    named = [
        Variant(each["name"], with_new_names(_without_name(each), alone)) for each in file.variant
    ]
    points = list(_points(file.grid))
    for variant in named or [Variant("", {})]:
        for point in points:
            parts = [part for part in (variant.name, point.name) if part]
            yield Variant(", ".join(parts) or alone, merge(variant.changes, point.changes))


def _without_name(variant: Nested) -> dict[str, Any]:
    return {key: value for key, value in variant.items() if key != "name"}


def _points(grid: Nested) -> Iterator[Variant]:
    """Yield each combination of a grid's values; a single empty one for no grid."""
    axes = list(_axes(grid, ()))
    for values in itertools.product(*(values for _, values in axes)):
        changes: dict[str, Any] = {}
        for (keys, _), value in zip(axes, values, strict=True):
            changes = merge(changes, nested_value(keys, value))
        shown = (_shown(keys, value) for (keys, _), value in zip(axes, values, strict=True))
        yield Variant(", ".join(shown), changes)


def _axes(grid: Nested, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """Yield each key of the grid, section first, with its values."""
    for key, value in grid.items():
        keys = (*above, *key.split("."))
        if isinstance(value, Mapping):
            yield from _axes(value, keys)
        elif isinstance(value, list) and value:
            yield new_keys(keys), value
        else:
            raise ValueError(f"grid: {'.'.join(keys)} must be a list of values.")


def _shown(keys: tuple[str, ...], value: Any) -> str:
    """Return a point's value as a row calls it: "distmult", "image_tokens=4", "image=no"."""
    if keys == ("decoder", "name"):
        return str(value)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return f"{_option(keys)}={Path(value).name if isinstance(value, str) else value}"


def _option(keys: tuple[str, ...]) -> str:
    """Return the option of a setting as a name; its last key for what is no setting."""
    for known, setting, _ in settings_fields(Settings):
        if known == keys:
            return name_of(setting)
    return keys[-1]
