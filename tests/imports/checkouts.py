"""A miniature checkout of the authors' repository, as it is and in other layouts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from mygo_cli.imports.official import Imported, Places, Wanted, import_official

CHECKOUT = Path(__file__).parents[1] / "data" / "parity" / "official_repo"
CHECKPOINT = CHECKOUT / "ckpt" / "model.ckpt"
VISUAL, TEXTUAL = "tokens/DB15K-visual.json", "tokens/DB15K-textual-v2.json"


def expected() -> dict[str, Any]:
    """Return the arrays and metrics that the authors' code gives."""
    with np.load(CHECKOUT / "expected.npz") as arrays:
        return {**arrays, **json.loads((CHECKOUT / "expected.json").read_text())}


def copy_checkout(folder: Path) -> Path:
    """Return a copy of the checkout that may be changed."""
    return Path(shutil.copytree(CHECKOUT, folder))


def change_json(path: Path, change: Any) -> None:
    """Rewrite a JSON file with `change(content)`."""
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def run_import(repo: Path, folder: Path, dataset: str = "DB15K", **wanted: Any) -> Imported:
    """Import everything below `folder`, on the CPU."""
    places = Places(folder / "graph", folder / "caches", folder / "runs")
    return import_official(repo, Wanted(dataset, **wanted), places, "cpu")
