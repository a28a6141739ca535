"""How much an answer of a run can be relied on: `calibration.json`, fitted on validation."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mygo_cli.completion.completion import known_facts_sha256
from mygo_cli.errors import DataError
from mygo_cli.files import parsed_json
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.ranking.calibration import (
    Bin,
    Calibration,
    Judged,
    Values,
    calibration_error,
    fit_calibration,
    judge,
    reliability,
)
from mygo_cli.ranking.scorer import AnyScorer, block_size
from mygo_cli.runs.folder import RunFolder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reliability:
    """What was said of test answers and what held: of the ten best of each question.

    `error` is the expected calibration error of all of them, `first_error` that of the best answer
    to each question alone.
    """

    bins: list[Bin]
    error: float
    first_error: float


@dataclass(frozen=True)
class Calibrated:
    """The curve of a run and its test: `before` of softmax probabilities, `after` of confidences.

    Both are None where the graph has no test triples. `answers` were fitted on.
    """

    curve: Calibration
    answers: int
    before: Reliability | None
    after: Reliability | None


def calibrate(scorer: AnyScorer, graph: KnowledgeGraph) -> Calibrated | None:
    """Fit a run's curve on validation, without a look at test, then measure it on test.

    None where the graph has no validation triples. Raises `MygoError` for a score that is not a
    finite number.
    """
    if not len(graph.valid):
        return None
    batch, known = block_size(len(graph.entities)), np.concatenate([graph.train, graph.other])
    fitted = judge(scorer, graph.valid, known, batch)
    if not len(fitted.holds):
        return None
    curve = fit_calibration(fitted)
    if not len(graph.test):
        return Calibrated(curve, len(fitted.holds), None, None)
    judged = judge(scorer, graph.test, np.concatenate([known, graph.valid]), batch)
    before, after = (_tested(said, judged) for said in (judged[0], curve(judged.probability)))
    return Calibrated(curve, len(fitted.holds), before, after)


def _tested(said: Values, judged: Judged) -> Reliability:
    bins = reliability(said, judged.holds)
    first = reliability(said[judged.first], judged.holds[judged.first])
    return Reliability(bins, calibration_error(bins), calibration_error(first))


def calibration_of(
    folder: RunFolder, scorer: AnyScorer, graph: KnowledgeGraph, epoch: int | list[int]
) -> Calibrated | None:
    """Return what the run's file says of this epoch and these facts, else fit it and write it.

    A folder that cannot be written to costs a note and the fit of next time. See `calibrate`.
    """
    about = {"epoch": epoch, "graph": known_facts_sha256(graph)}
    if (kept := _read(folder, about)) is not None:
        return kept
    found = calibrate(scorer, graph)
    if found is not None:
        try:
            folder.write_json(folder.calibration, {**about, **asdict(found)})
        except DataError as error:
            log.warning(f"The calibration is not kept: {error.problem}")
    return found


def _read(folder: RunFolder, about: dict[str, Any]) -> Calibrated | None:
    """Return what the file holds, None where there is none, or one about something else."""
    try:
        content = parsed_json(folder.calibration.read_text(encoding="utf-8"))
        if {key: content[key] for key in about} != about:
            return None
        curve = Calibration(*(tuple(content["curve"][key]) for key in ("probability", "share")))
        tested = (_reliability(content[key]) for key in ("before", "after"))
        return Calibrated(curve, content["answers"], *tested)
    except (OSError, ValueError, KeyError, TypeError):  # it is fitted again
        return None


def _reliability(content: dict[str, Any] | None) -> Reliability | None:
    if content is None:
        return None
    bins = [Bin(**each) for each in content["bins"]]
    return Reliability(bins, content["error"], content["first_error"])
