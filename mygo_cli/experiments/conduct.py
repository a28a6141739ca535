"""Training what an experiment still lacks: finished runs are found, interrupted ones go on."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mygo_cli.errors import DataError, Interrupted, MygoError, lacks_memory
from mygo_cli.experiments.plan import PlannedRun, data_sha256, identity
from mygo_cli.files import HeldElsewhere, atomic_write, only_writer, parsed_json
from mygo_cli.graph.reading import read_graph
from mygo_cli.runs.folder import RunFolder, make_run
from mygo_cli.runs.selection import LABEL
from mygo_cli.settings.sections import Settings
from mygo_cli.training.run import Follow, follow_silently, resume_run, train_run

log = logging.getLogger(__name__)

ORIGIN = "experiment.json"  # in a run's folder: which variant it is, and of which data


@dataclass(frozen=True)
class RunOutcome:
    """How a planned run ended, and why in a line if it is not done."""

    run: PlannedRun
    how: Literal["done", "failed", "elsewhere"]
    why: str = ""


def conduct(
    plan: Sequence[PlannedRun],
    runs: Path,
    folder_of: Callable[[Settings], Path],
    follow: Follow = follow_silently,
) -> Iterator[RunOutcome]:
    """Train every planned run that is not done, one after the other, and yield how each ended.

    A run that fails does not stop the others; `Interrupted` does. A run that
    another process is training is left to it.
    """
    done = done_runs(plan, runs)
    places = {key: place for place, key in enumerate(dict.fromkeys(r.identity for r in plan), 1)}
    for run in plan:
        if run.identity in done:
            continue
        place = f"[{places[run.identity]}/{len(places)}]"
        log.info(f"{place} {run.variant}, seed {run.seed}")
        done.add(run.identity)  # a variant that is the same as an earlier one is not tried again
        yield _ended(run, runs, folder_of(run.settings), follow)


def _ended(run: PlannedRun, runs: Path, graph: Path, follow: Follow) -> RunOutcome:
    """Train a run and return how that ended."""
    try:
        _train(run, runs, graph, follow)
    except Interrupted:
        raise
    except HeldElsewhere:
        return RunOutcome(run, "elsewhere", "another process is training it.")
    except MygoError as error:
        return RunOutcome(run, "failed", str(error))
    except Exception as error:  # the others may be fine, and nobody watches at night
        line = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
        return RunOutcome(run, "failed", "Out of memory." if lacks_memory(error) else line)
    return RunOutcome(run, "done")


def make_folder(folder: Path, asked: Path) -> Path:
    """Make the folder of an experiment with a copy of its file; return that of its runs."""
    runs = folder / "runs"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        content = asked.read_bytes()
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}.", "Name another --output.") from error
    with atomic_write(folder / "experiment.toml") as file:
        file.write(content)
    return runs


def _train(run: PlannedRun, runs: Path, graph: Path, follow: Follow) -> None:
    """Train a run from the start, or from where it stopped."""
    name = hashlib.sha256(run.identity.encode()).hexdigest()[:12]
    with only_writer(runs / name):
        folder = found_runs(runs).get(run.identity)
        if is_done(folder):
            return
        _refuse_changed_data(run, graph)
        if folder is not None and folder.last.exists():
            _resume(folder, run, graph, follow)
            return
        folder = folder or _new_folder(run, runs)
        folder.forget_after(0)
        # Everything is named in the settings: no folder of caches is searched.
        train_run(run.settings, graph, runs, runs, follow, folder)


def _refuse_changed_data(run: PlannedRun, graph: Path) -> None:
    """Raise `DataError` where graph or tokens are not what the run was planned for any more."""
    if data_sha256(read_graph(graph), run.settings) != run.data_sha256:
        raise DataError(
            f"{graph} or its tokens changed since this command began.",
            "Give the same command again: it trains what the new data asks for.",
        )


def _resume(folder: RunFolder, run: PlannedRun, graph: Path, follow: Follow) -> None:
    """Go on with a run; an error says how to begin it again."""
    try:
        resume_run(folder, run.settings, graph, follow)
    except Interrupted:
        raise
    except MygoError as error:
        again = f"Delete {folder.path} to train it from the start."
        raise error.within("", again) from error


def _new_folder(run: PlannedRun, runs: Path) -> RunFolder:
    """Make the folder in which a run will be found again."""
    words = re.sub(r"[^\w.=+-]+", "-", run.variant).strip("-.")[:60] or "run"
    label = f"_{LABEL}" if run.settings.data.select == "test" else ""
    folder = make_run(runs, f"{words}_seed-{run.seed}{label}")
    folder.write_settings(run.settings)
    origin = {"variant": run.variant, "seed": run.seed, "data_sha256": run.data_sha256}
    folder.write_json(folder.path / ORIGIN, origin)
    return folder


def found_runs(runs: Path) -> dict[str, RunFolder]:
    """Return the runs of a folder by identity; of equal ones the one that came furthest."""
    found: dict[str, RunFolder] = {}
    for path in sorted(runs.glob(f"*/{ORIGIN}")):
        folder = RunFolder(path.parent)
        try:
            data = parsed_json(path.read_text(encoding="utf-8"))["data_sha256"]
            key = identity(folder.settings(), data)
        except (MygoError, ValueError, KeyError, TypeError, OSError):
            continue  # not a run of today's settings, or cut short while it was made
        if key not in found or _progress_of(folder) > _progress_of(found[key]):
            found[key] = folder
    return found


def done_runs(plan: Sequence[PlannedRun], runs: Path) -> set[str]:
    """Return the identities of the planned runs that are done."""
    found = found_runs(runs)
    return {run.identity for run in plan if is_done(found.get(run.identity))}


def is_done(folder: RunFolder | None) -> bool:
    """Say whether there is a run, trained and measured. A damaged result is measured again."""
    return folder is not None and result_of(folder) is not None


def result_of(folder: RunFolder) -> dict[str, Any] | None:
    """Return `result.json`, None where there is none or it is damaged."""
    result = folder.read_result()
    return result if {"selected_by", "splits"} <= result.keys() else None


def state_of(folder: RunFolder | None) -> str:
    """Return what a plan says of a run: done, interrupted or to do."""
    if is_done(folder):
        return "done"
    return "interrupted" if folder is not None and folder.last.exists() else "to do"


def _progress_of(folder: RunFolder) -> int:
    return 2 * is_done(folder) + folder.last.exists()
