"""The recipes and experiments that come with mygo, found by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mygo_cli.errors import UsageError, suggest
from mygo_cli.settings.toml import read_toml, with_new_names

HERE = Path(__file__).parent / "shipped"
Kind = Literal["recipe", "experiment"]
FOLDERS: dict[Kind, Path] = {"recipe": HERE, "experiment": HERE / "experiments"}


@dataclass(frozen=True)
class Shipped:
    """A file that comes with mygo, and what it says of itself."""

    kind: Kind
    name: str
    description: str
    path: Path


def shipped() -> list[Shipped]:
    """Return all recipes, then all experiments, by name."""
    return [
        Shipped(kind, path.stem, read_toml(path)["description"], path)
        for kind, folder in FOLDERS.items()
        for path in sorted(folder.glob("*.toml"), key=lambda path: path.stem)
    ]


def find_shipped(name: str, *kinds: Kind) -> Shipped:
    """Return the file of that name; raise `UsageError` with near misses where there is none."""
    files = [each for each in shipped() if each.kind in kinds]
    for each in files:
        if each.name == name.lower():
            return each
    raise UsageError(
        f"{name}: no such {' or '.join(kinds)}.", suggest(name, [each.name for each in files])
    )


def read_recipe(name: str) -> dict[str, Any]:
    """Return the nested settings of a recipe."""
    return read_settings(find_shipped(name, "recipe").path)


def read_settings(path: Path) -> dict[str, Any]:
    """Return the nested settings of a file, without the `description` that it may have."""
    content = read_toml(path)
    content.pop("description", None)
    return with_new_names(content, str(path))
