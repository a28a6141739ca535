"""A dataset folder made of the contents of its files."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

MakeFolder = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Write files, given by name and content, into a folder called `graph`; gzip those in .gz."""

    def make(files: Mapping[str, str | bytes]) -> Path:
        folder = tmp_path / "graph"
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            data = content.encode() if isinstance(content, str) else content
            plain_text = isinstance(content, str)
            path.write_bytes(gzip.compress(data) if name.endswith(".gz") and plain_text else data)
        return folder

    return make
