"""`mygo cache`: look at token caches, check them, join shards."""

from __future__ import annotations

import glob
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mygo_cli import console
from mygo_cli.commands.options import CacheDirOption
from mygo_cli.commands.output import TERMINAL, Output
from mygo_cli.errors import DataError
from mygo_cli.files import atomic_write
from mygo_cli.folders import cache_dir

if TYPE_CHECKING:
    import numpy as np

    from mygo_cli.graph.knowledge_graph import KnowledgeGraph

app = typer.Typer(
    help="Look at token caches, check them, join shards.",
    no_args_is_help=True,
    add_completion=False,
)

FileArgument = Annotated[
    Path | None,
    typer.Argument(help="A token cache; default: all below --cache-dir.", show_default=False),
]


@app.command("info")
def info_command(
    file: FileArgument = None, cache_folder: CacheDirOption = None, out: Output = TERMINAL
) -> None:
    """Say what token caches hold."""
    facts = [_facts(path) for path in _files(file, cache_folder)]

    def show() -> None:
        if file is not None:
            console.table(
                ("", ""), [(name.replace("_", " "), value) for name, value in facts[0].items()]
            )
            return
        columns = ("items", "done", "failed", "complete", "kB")
        rows = [(_short(fact["file"]), *(fact[column] for column in columns)) for fact in facts]
        console.table((str(cache_dir(cache_folder)), *columns), rows)

    out.give(show, facts)


@app.command("verify")
def verify_command(
    file: FileArgument = None,
    cache_folder: CacheDirOption = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder of a graph that the caches must fit."),
    ] = None,
    out: Output = TERMINAL,
) -> None:
    """Check token caches, with --data those of a graph and against it; exit 1 on a fault."""
    from mygo_cli.cache.verifying import find_faults
    from mygo_cli.graph.reading import read_graph

    graph = read_graph(data) if data else None
    with console.bars() as progress:
        faults = {
            str(path): find_faults(path, graph, progress)
            for path in _files(file, cache_folder, graph)
        }
    rows = [
        {"file": path, "fault": line or None}
        for path, lines in faults.items()
        for line in lines or [""]
    ]

    def show() -> None:
        for row in rows:
            console.result(f"{row['file']}: {row['fault'] or 'good'}")

    out.give(show, faults, rows)
    if any(faults.values()):
        raise typer.Exit(1)


@app.command("codebook")
def codebook_command(
    file: Annotated[Path, typer.Argument(help="The token cache.")],
    out: Annotated[Path, typer.Argument(help="The .npy file to write, float32 (words, width).")],
) -> None:
    """Write a cache's codebook to a file, so that new pictures can get the same words."""
    from mygo_cli.cache.format import TokenCache

    cache = TokenCache.open(file)
    if not cache.has_codebook:
        raise DataError(f"{file} has no codebook yet.", "Give the same mygo tokenize again.")
    write_codebook(cache.codebook(), out)
    console.result(f"{out}: {cache.header.info.vocab_size:,} words, {cache.header.info.dim} wide")
    if "codebook" in cache.header.options:
        console.result(f"Use it with: mygo tokenize --image-option codebook={out}")


def write_codebook(codebook: np.ndarray[Any, np.dtype[np.float32]], out: Path) -> None:
    """Write an array as .npy at once; raise `DataError` where that fails."""
    import numpy as np

    with atomic_write(out) as file:
        np.save(file, codebook, allow_pickle=False)


@app.command("merge")
def merge_command(
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The cache to write.")],
    files: Annotated[list[Path], typer.Argument(help="Caches made with mygo tokenize --shard.")],
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it exists.")] = False,
    out: Output = TERMINAL,
) -> None:
    """Join the shards of a token cache."""
    from mygo_cli.cache.merging import merge_caches
    from mygo_cli.commands.tokenize import as_json, show

    summary = merge_caches(target, files, force)

    def show_all() -> None:
        show([summary])
        if summary.pending:
            console.result(f"{summary.pending:,} items are in none of these shards.")
            console.result("Next: merge again with those that lack, and --force.")

    out.give(show_all, as_json(summary))


def _files(
    file: Path | None, folder: Path | None, graph: KnowledgeGraph | None = None
) -> list[Path]:
    """Return the file named, else all below the cache folder, of `graph` where there is one."""
    from mygo_cli.cache.finding import caches_in, no_cache

    if file is not None:
        return [file]
    found = caches_in(cache_dir(folder), glob.escape(graph.name) if graph else "*")
    if not found and graph is not None:
        raise no_cache(cache_dir(folder), graph)
    if not found:
        raise DataError(f"{cache_dir(folder)} holds no token cache.", "mygo tokenize makes them.")
    return found


def _facts(path: Path) -> dict[str, Any]:
    """Return what a cache says of itself, flat, ready for JSON."""
    from mygo_cli.cache.format import TokenCache
    from mygo_cli.cache.stats import summarize

    cache, summary = TokenCache.open(path), summarize(path)
    info = asdict(cache.header.info)
    info["drop_ids"] = len(cache.header.info.drop_ids)
    return {
        "file": str(path),
        "dataset": cache.header.dataset,
        "modality": cache.header.modality,
        "backend": cache.header.backend,
        "backend_package": cache.header.backend_package,
        "options": ", ".join(f"{key}={value}" for key, value in cache.header.options.items()),
        **info,
        "precision": cache.header.precision,
        "items": summary.items,
        "done": summary.done,
        "failed": summary.failed,
        "pending": summary.pending,
        "entities": summary.entities,
        "covered": summary.covered,
        "complete": cache.complete,
        "kB": path.stat().st_size // 1000,
        "mygo_version": cache.mygo_version,
        "created": cache.created,
        "sources_sha256": cache.header.sources_sha256,
        "entities_sha256": cache.header.entities_sha256,
    }


def _short(path: str) -> str:
    """Return the dataset folder and name of a cache file."""
    return "/".join(Path(path).parts[-2:])
