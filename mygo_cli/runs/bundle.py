"""A run on the move: where its graph is now, and the run with its graph in one folder."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from mygo_cli.errors import DataError
from mygo_cli.folders import settings_folder
from mygo_cli.graph.files import find_files
from mygo_cli.runs.folder import RunFolder
from mygo_cli.settings.sections import Settings

if TYPE_CHECKING:
    from mygo_cli.runs.run import Run

GRAPH = "graph"  # in a run's folder: its graph, in a folder of the graph's name


def home_of(folder: RunFolder, settings: Settings) -> Path:
    """Return the folder of a run's graph: in the run's own, else where it was in training.

    What is not there any more is looked for as `nearby` does.
    """
    own = sorted(path for path in (folder.path / GRAPH).glob("*") if path.is_dir())
    return own[0] if own else nearby(settings_folder(settings), folder.path)


def caches_of(run: Run) -> dict[str, Path]:
    """Return the token caches that a run was trained on, by modality, where they are now."""
    used, start = run.settings.tokens.used, run.folder.path
    return {name: nearby(Path(each.cache), start) for name, each in used.items() if each.cache}


def nearby(named: Path, start: Path) -> Path:
    """Return a path, or what it has become where it was moved or copied together with `start`.

    That is what the end of the path, as long as possible, names in a folder above `start`, the
    nearest first. A path that is nowhere comes back as it is.
    """
    if named.exists():
        return named
    names = [name for name in re.split(r"[\\/]", str(named)) if name]  # of either system
    for above in start.resolve().parents:
        for first in range(len(names)):
            found = above.joinpath(*names[first:])
            if found.exists():
                return found
    return named


def write_bundle(run: Run, output: Path) -> list[Path]:
    """Write what answers questions without anything else into a new folder; return its files.

    It holds the selected model, whose tokens are part of it, the settings without paths of this
    machine, what was measured, and the graph's tables. Raises `DataError` where the folder is there
    already or cannot be written.
    """
    run.single()  # several have no model that could be bundled
    source, name = run.folder, run.graph.name
    settings = dataclasses.replace(
        run.settings,
        data=dataclasses.replace(run.settings.data, folder=f"{GRAPH}/{name}"),
        tokens=dataclasses.replace(
            run.settings.tokens,
            image=dataclasses.replace(run.settings.tokens.image, cache=None),
            text=dataclasses.replace(run.settings.tokens.text, cache=None),
        ),
    )
    files = find_files(run.graph.folder)
    tables = (files.train, files.valid, files.test, files.entities, files.descriptions)
    kept = (source.best, source.result, source.metrics, source.environment, source.card)
    part = output.with_name(output.name + ".part")
    try:
        if output.exists():
            raise DataError(f"{output} is there already.", "Name another --output, or delete it.")
        shutil.rmtree(part, ignore_errors=True)
        (part / "checkpoints").mkdir(parents=True)
        (part / GRAPH / name).mkdir(parents=True)
        for path in (*kept, source.calibration, source.expected):
            if path.exists():
                shutil.copyfile(path, part / path.relative_to(source.path))
        for table in filter(None, tables):
            shutil.copyfile(table, part / GRAPH / name / table.name)
        RunFolder(part).write_settings(settings)
        part.rename(output)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise DataError(
            f"{error.filename or output}: {error.strerror}.", "Name another --output."
        ) from error
    return sorted(path for path in output.rglob("*") if path.is_file())
