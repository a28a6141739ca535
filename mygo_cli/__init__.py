"""mygo completes multi-modal knowledge graphs, from the command line and from Python.

Every name is imported when it is first used: `import mygo_cli` is quick and imports no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mygo_cli.graph.reading import read_graph
    from mygo_cli.runs.opened import open_run
    from mygo_cli.runs.unseen import Unseen
    from mygo_cli.tokenizing.tokenize import tokenize
    from mygo_cli.tokens.table import load_tokens
    from mygo_cli.training.train import train

__version__ = "0.1.0"
__all__ = ["Unseen", "load_tokens", "open_run", "read_graph", "tokenize", "train"]

HOMES = {
    "Unseen": "mygo_cli.runs.unseen",
    "load_tokens": "mygo_cli.tokens.table",
    "open_run": "mygo_cli.runs.opened",
    "read_graph": "mygo_cli.graph.reading",
    "tokenize": "mygo_cli.tokenizing.tokenize",
    "train": "mygo_cli.training.train",
}


def __getattr__(name: str) -> Any:
    """Import one of the public names."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *HOMES])
