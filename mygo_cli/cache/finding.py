"""Which token cache belongs to a graph, and whether one does."""

from __future__ import annotations

import glob
import shlex
from pathlib import Path

from mygo_cli.cache.format import TokenCache
from mygo_cli.cache.sources import text_sources
from mygo_cli.errors import DataError
from mygo_cli.graph.knowledge_graph import KnowledgeGraph

IMAGE, TEXT = "image", "text"
MODALITIES = (IMAGE, TEXT)
SHARD = ".shard-"
PACKAGE = Path(__file__).parents[1]


def cache_path(folder: Path, dataset: str, modality: str, backend: str, fingerprint: str) -> Path:
    """Return where a cache lies: `<folder>/<dataset>/<modality>-<backend>-<fingerprint[:8]>.h5`."""
    name = f"{modality}-{backend.replace('/', '_')}-{fingerprint[:8]}.h5"
    return folder / dataset / name


def shard_path(whole: Path, number: int, of: int) -> Path:
    """Return where shard `number` of a cache lies, counted from 1."""
    return whole.with_name(f"{whole.stem}{SHARD}{number}-of-{of}.h5")


def whole_path(path: Path) -> Path:
    """Return the cache that the file `path` is, or is a shard of."""
    name, shard, _ = path.name.partition(SHARD)
    return path.with_name(f"{name}.h5") if shard else path


def caches_in(folder: Path, dataset: str = "*", modality: str = "*") -> list[Path]:
    """Return the cache files below a cache folder, by name."""
    return sorted(folder.glob(f"{dataset}/{modality}-*.h5"))


def newest_cache(folder: Path, graph: KnowledgeGraph, modality: str) -> Path | None:
    """Return the complete cache of that graph and modality that was last made or confirmed.

    `mygo tokenize` confirms a complete cache that still fits, so the last command given decides
    among several backends. Unfinished files and those of another entity list are passed over,
    damaged ones where another fits. Raises `DataError` for a damaged one where none does: without
    a word a model would be trained that reads no tokens.
    """
    fitting = []
    damaged: DataError | None = None
    for path in caches_in(folder, glob.escape(graph.name), modality):
        try:
            cache = TokenCache.open(path)
            written = path.stat().st_mtime_ns
        except DataError as error:
            damaged = damaged or error
            continue
        except OSError:
            continue
        if cache.complete and cache.header.entities_sha256 == graph.entities_sha256:
            fitting.append((written, path))
    if damaged is not None and not fitting:
        raise damaged
    return max(fitting)[1] if fitting else None


def no_cache(folder: Path, graph: KnowledgeGraph, what: str = "") -> DataError:
    """Return the error that a cache folder has none of a graph, with the command that makes it."""
    built_in = PACKAGE in graph.folder.parents  # which is the one that is meant anyway
    data = "" if built_in else f" --data {shlex.quote(str(graph.folder))}"
    return DataError(
        f"{folder} has no complete token cache {what}of {graph.name}.",
        f"Make it with: mygo tokenize{data}",
    )


def check_cache_fits(cache: TokenCache, graph: KnowledgeGraph) -> None:
    """Raise `DataError` for a cache of another entity list."""
    if made_for := whose_entities(cache, graph):
        raise DataError(
            f"{cache.path} was made for {made_for}.", "Run mygo tokenize on this graph."
        )


def whose_entities(cache: TokenCache, graph: KnowledgeGraph) -> str:
    """Return which entities a cache was made for, empty if they are the graph's in their order."""
    if cache.header.entities_sha256 == graph.entities_sha256:
        return ""
    if sorted(cache.entities) == sorted(graph.entities):
        return f"the entities of {graph.folder} in another order"
    return f"other entities (dataset {cache.header.dataset}) than those of {graph.folder}"


def out_of_date(cache: TokenCache, graph: KnowledgeGraph) -> str:
    """Return why a cache no longer shows the graph's media, empty if nothing speaks against it.

    Cheap: looks at the texts and at the names of pictures, not into the pictures. Imported tokens
    do not come from these media.
    """
    if cache.imported:
        return ""
    if cache.header.modality == TEXT:
        if text_sources(graph)[0].sha256 != cache.header.sources_sha256:
            return "descriptions or names changed"
    elif [key for keys in graph.pictures() for key in keys] != cache.keys():
        return "pictures were added, removed or renamed"
    return ""
