"""The built-in graph "world": countries, what they grow, trade, speak and fly."""

from __future__ import annotations

from pathlib import Path


def world_folder() -> Path:
    """Return the dataset folder of "world" inside the installed package."""
    return Path(__file__).parent / "world"
