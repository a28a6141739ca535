"""What came of the runs of an experiment: a row for each variant, over its seeds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mygo_cli.experiments.conduct import result_of
from mygo_cli.experiments.plan import PlannedRun
from mygo_cli.files import parsed_json
from mygo_cli.runs.folder import RunFolder
from mygo_cli.runs.selection import is_on_test

SPLITS = ("test", "valid")
METRICS = {"mrr": "MRR", "hits@1": "Hits@1", "hits@3": "Hits@3", "hits@10": "Hits@10"}


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation; no deviation of a single number."""

    mean: float
    deviation: float | None

    def text(self, digits: int, between: str = " ± ") -> str:
        """Return "0.3916 ± 0.0031" with so many digits."""
        mean = f"{self.mean:.{digits}f}"
        return mean if self.deviation is None else f"{mean}{between}{self.deviation:.{digits}f}"


@dataclass(frozen=True)
class Row:
    """One variant: its finished runs by seed, of the `wanted` number.

    `metrics` has a spread for ("test", "mrr") and the like, without splits that have no triples.
    """

    variant: str
    wanted: int
    runs: Mapping[int, RunFolder]
    selected_by: str
    metrics: Mapping[tuple[str, str], Spread]
    seconds: Spread | None

    @property
    def on_test(self) -> bool:
        """Say whether test numbers chose the epoch."""
        return is_on_test(self.selected_by)

    @property
    def label(self) -> str:
        """Return the name of the variant, with what must not be overlooked about its numbers."""
        return f"{self.variant} (selected on test)" if self.on_test else self.variant


def rows_of(plan: Sequence[PlannedRun], found: Mapping[str, RunFolder]) -> list[Row]:
    """Return a row for each variant, in the order of the experiment."""
    by_variant: dict[str, list[PlannedRun]] = {}
    for run in plan:
        by_variant.setdefault(run.variant, []).append(run)
    return [_row(variant, runs, found) for variant, runs in by_variant.items()]


def _row(variant: str, runs: Sequence[PlannedRun], found: Mapping[str, RunFolder]) -> Row:
    folders = {run.seed: found[run.identity] for run in runs if run.identity in found}
    found_results = {seed: result_of(folder) for seed, folder in folders.items()}
    results = [result for result in found_results.values() if result is not None]
    done = {seed: folders[seed] for seed, result in found_results.items() if result is not None}
    chosen = dict.fromkeys(result["selected_by"] for result in results)
    known = [seconds for folder in done.values() if (seconds := _seconds(folder)) is not None]
    return Row(variant, len(runs), done, ", ".join(chosen), _metrics(results), _spread(known))


def _metrics(results: Sequence[dict[str, Any]]) -> dict[tuple[str, str], Spread]:
    found = {}
    for split in SPLITS:
        overall = [each["splits"][split]["overall"] for each in results if split in each["splits"]]
        for metric in METRICS:
            if spread := _spread([values[metric] for values in overall]):
                found[split, metric] = spread
    return found


def _spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    return Spread(statistics.mean(values), statistics.stdev(values) if len(values) > 1 else None)


def _seconds(folder: RunFolder) -> float | None:
    """Return how long the epochs of a run took without the looks at a split, None if unknown."""
    try:
        lines = folder.metrics.read_text(encoding="utf-8").splitlines()
        return sum(float(parsed_json(line)["seconds"]) for line in lines)
    except (OSError, ValueError, KeyError, TypeError):
        return None
