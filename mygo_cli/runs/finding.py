"""Which run is meant: by path, by name or the beginning of one, or the newest that is finished."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from mygo_cli.errors import DataError, MygoError, UsageError
from mygo_cli.files import expanded
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.runs.assemble import graph_identity
from mygo_cli.runs.bundle import home_of
from mygo_cli.runs.checkpoint import load_checkpoint
from mygo_cli.runs.folder import RunFolder, run_folders
from mygo_cli.runs.listing import listed


def find_run(run: Path | None, runs_dir: Path, graph: KnowledgeGraph | None = None) -> RunFolder:
    """Return the run of that path or name, else the newest finished one, of `graph` if given.

    Raises `DataError` for no such run, and for one that stopped before an epoch was selected.
    """
    if run is None:
        return newest_run(runs_dir, graph)
    folder = named_run(run, runs_dir)
    if not folder.best.exists():
        raise DataError(
            f"{folder.path} holds no model: it stopped before an epoch was selected.",
            f"Go on with: {folder.way_on}",
        )
    return folder


def find_runs(run: Path | None, runs_dir: Path, graph: KnowledgeGraph | None) -> list[RunFolder]:
    """Return the run that is meant, or several whose names are joined by +. See `find_run`."""
    names = [None] if run is None else _names(str(run).split("+"), runs_dir)
    if len(names) > 1 and "" in names:
        raise UsageError(f"{run} names no run beside a +.", "Join names: --run first+second")
    paths = [None if name is None else expanded(name) for name in names]
    return [find_run(path, runs_dir, graph) for path in paths]


def _names(parts: list[str], runs_dir: Path) -> list[str]:
    """Return the names of runs that are joined by +, of which a name may have some itself."""
    for end in range(len(parts), 0, -1):
        name = "+".join(parts[:end])
        if name and _is_one(name, runs_dir):
            return [name, *(_names(parts[end:], runs_dir) if parts[end:] else ())]
    return parts


def _is_one(name: str, runs_dir: Path) -> bool:
    try:
        named_run(expanded(name), runs_dir)
    except DataError:
        return False
    return True


def named_run(run: Path, runs_dir: Path) -> RunFolder:
    """Return the run of that path or name, whether it holds a model yet or not.

    A part of a name will do where just one run of `runs_dir` fits: its beginning, or what
    `mygo train --name` gave it. Raises `DataError` for none or several, and for another folder.
    """
    there = [path for path in (run, runs_dir / run) if path.is_dir()]
    # A folder beside may be called as the run is, such as that of its graph.
    found = next((path for path in there if RunFolder(path).config.exists()), None)
    if found is None:
        fitting = [each for each in run_folders(runs_dir) if _fits(str(run), each.path.name)]
        if len(fitting) > 1:
            names = ", ".join(each.path.name for each in fitting[:4])
            more = " and others" if len(fitting) > 4 else ""
            raise DataError(
                f"{run} fits {len(fitting)} runs: {names}{more}.", "Give more of the name."
            )
        if not fitting and there:
            raise DataError(
                f"{there[0]} is not a run: it has no config.toml.", how_to_list(runs_dir)
            )
        if not fitting:
            raise DataError(f"{run}: no such run. Runs lie in {runs_dir}.", how_to_list(runs_dir))
        return fitting[0]
    return RunFolder(found)


def _fits(part: str, name: str) -> bool:
    return name.startswith(part) or name.endswith(f"_{part}")


def newest_run(runs_dir: Path, graph: KnowledgeGraph | None = None) -> RunFolder:
    """Return the finished run that was written last, of those that were trained on `graph`.

    Raises `DataError` where there is none.
    """
    runs = run_folders(runs_dir)
    finished = (run for run in runs if listed(run).state == "finished")
    newest = next(finished, None)
    if newest is None:
        begun = (row for row in map(listed, runs) if row.way_on)
        ways = (f"Unless it is still training, go on with: {row.way_on}" for row in begun)
        raise DataError(
            f"{runs_dir} holds no finished run.", next(ways, "Train one with mygo train.")
        )
    if graph is None:
        return newest
    return _newest_of([newest, *finished], graph, runs_dir)


def _newest_of(finished: list[RunFolder], graph: KnowledgeGraph, runs_dir: Path) -> RunFolder:
    """Return the first run of `graph`, those on its own folder before those on a copy of it."""
    at_home = [run for run in finished if _lies_at(run, graph.folder)]
    elsewhere = [run for run in finished if run not in at_home]
    for run in at_home + elsewhere:
        if _knows(run, graph, ("entities_sha256", "relations")):
            return run
    # The graph has changed since, or is a copy in another order: opening the run says so.
    alike = (run for run in elsewhere if _knows(run, graph, ("entity_set_sha256",)))
    if (nearest := next(iter(at_home), None) or next(alike, None)) is not None:
        return nearest
    raise DataError(
        f"{runs_dir} holds no finished run of the graph {graph.folder}.",
        f"Train one with: mygo train --data {shlex.quote(str(graph.folder))}",
    )


def _lies_at(run: RunFolder, folder: Path) -> bool:
    """Say whether a run was trained on the graph of that folder."""
    return os.path.realpath(home_of(run, run.settings())) == os.path.realpath(folder)


def _knows(run: RunFolder, graph: KnowledgeGraph, keys: tuple[str, ...]) -> bool:
    """Say whether a run's model has these parts of a graph's identity; no, if it is damaged."""
    try:
        identity = load_checkpoint(run.best, ["graph"], tensors=False)["graph"]
    except MygoError:
        return False
    here = graph_identity(graph)
    return all(identity.get(key) == here[key] for key in keys)


def how_to_list(runs_dir: Path) -> str:
    """Return the sentence with the command that lists the runs of a folder."""
    return f"List them with: mygo runs --runs-dir {shlex.quote(str(runs_dir))}"
