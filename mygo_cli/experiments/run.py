"""An experiment from its file to its table: planned, trained where that lacks, and written down."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from mygo_cli.errors import Interrupted
from mygo_cli.experiments.conduct import conduct, done_runs, found_runs, make_folder
from mygo_cli.experiments.definition import Experiment
from mygo_cli.experiments.outcome import rows_of
from mygo_cli.experiments.plan import PlannedRun, planned_runs
from mygo_cli.experiments.tables import Table
from mygo_cli.folders import settings_folder
from mygo_cli.settings.merging import Nested
from mygo_cli.training.run import Follow, follow_silently

log = logging.getLogger(__name__)


def plan_experiment(asked: Experiment, typed: Nested, caches: Path) -> list[PlannedRun]:
    """Return all runs of an experiment, settings that were `typed` laid over those of its file.

    It is logged which variants are the same on this graph. Raises what `planned_runs` raises.
    """
    plan = planned_runs(asked, typed, settings_folder, caches, log.warning)
    first: dict[str, str] = {}
    for run in plan[: len(asked.variants)]:
        same = first.setdefault(run.identity, run.variant)
        if same != run.variant:
            log.info(f"{run.variant}: the same as {same} here; trained once.")
    return plan


def count_runs(plan: Sequence[PlannedRun]) -> int:
    """Return how many runs differ from one another."""
    return len({run.identity for run in plan})


def train_all(
    asked: Experiment, plan: Sequence[PlannedRun], folder: Path, follow: Follow = follow_silently
) -> int:
    """Train what is not done yet and keep the tables up to date; return how many runs failed.

    `follow` trains each. Raises `Interrupted` after Ctrl-C.
    """
    runs, total = make_folder(folder, asked.path), count_runs(plan)
    log.info(f"{asked.path.stem}: {total} runs, of which {len(done_runs(plan, runs))} are done.")
    ends = []
    try:
        for ended in conduct(plan, runs, settings_folder, follow):
            if ended.why:
                log.warning(f"{ended.run.variant}, seed {ended.run.seed}: {ended.why}")
            make_table(asked, plan, folder).save()
            ends.append(ended.how)
    except (Interrupted, KeyboardInterrupt) as error:
        done = len(done_runs(plan, runs))
        raise Interrupted(
            f"Interrupted; {done} of {total} runs are done.", "The same command goes on."
        ) from error
    if "elsewhere" in ends:
        log.info("Give the same command again when the other process is done.")
    return ends.count("failed")


def make_table(asked: Experiment, plan: Sequence[PlannedRun], folder: Path) -> Table:
    """Return the table of what is done."""
    rows = rows_of(plan, found_runs(folder / "runs"))
    return Table(folder, folder.resolve().name, asked.description, asked.seeds, rows)
