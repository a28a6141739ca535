"""The recipes and experiments that come with mygo, found by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mygo_cli.errors import UsageError, suggest
from mygo_cli.settings.fields import from_dict
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


@dataclass(frozen=True)
class MadeFor:
    """The graph that a recipe's settings were found for."""

    graph: str
    entities: int


def read_made_for(path: Path) -> MadeFor | None:
    """Return what a file of settings was made for, None where it does not say."""
    content = read_toml(path).get("made_for")
    if content is None:
        return None
    if not isinstance(content, dict) or set(content) != {"graph", "entities"}:
        raise UsageError(f"{path}: made_for must name a graph and its number of entities.")
    return from_dict(MadeFor, content, f"{path}: made_for")


def read_settings(path: Path) -> dict[str, Any]:
    """Return the nested settings of a file, without what it says of itself."""
    content = read_toml(path)
    for key in ("description", "made_for"):
        content.pop(key, None)
    return with_new_names(content, str(path))
