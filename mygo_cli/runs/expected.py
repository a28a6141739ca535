"""The precision to expect of a completion: `expected.json` of a run, measured on held-out facts."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mygo_cli.completion.questions import Request
from mygo_cli.completion.search import Facts, TopFacts, complete
from mygo_cli.device import Portion
from mygo_cli.errors import DataError
from mygo_cli.files import parsed_json
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.triples import Numbers, Triples
from mygo_cli.model.queries import Queries
from mygo_cli.progress import Progress, silent
from mygo_cli.ranking.calibration import Calibration, Flags, Values, fit_in_groups
from mygo_cli.ranking.filtering import find_known
from mygo_cli.ranking.scorer import AnyScorer, block_size
from mygo_cli.runs.folder import RunFolder

if TYPE_CHECKING:
    from mygo_cli.runs.run import Run

log = logging.getLogger(__name__)

DEPTH = 10  # as many facts as are held out are found so many times over
LEAST_DEPTH = 1000
TOGETHER = 20  # facts whose precision is one point of the curve
MOST_SCORES = 5 * 10**9  # a minute or two; of a larger graph some questions are asked
OF_A_KIND = ("--side", "--unlinked", "--missing", "--schema")


def expected_precision(
    scorer: AnyScorer,
    graph: KnowledgeGraph,
    request: Request,
    batch_size: int | None = None,
    progress: Progress = silent,
) -> Calibration | None:
    """Return how often facts of a plausibility hold, where validation is what is left to find.

    The validation split is hidden from the known facts, such facts as the request's are found, of
    all relations and entities, and those of validation hold. None without a validation split, where
    there is nothing to ask, and for `--pairs all`, which asks of one relation or entity alone. Of
    more than `MOST_SCORES` answers a part is looked at, of which each stands for several.
    """
    hidden = replace(graph, valid=graph.valid[:0])
    held_out = np.setdiff1d(graph.fact_keys(graph.valid), graph.fact_keys(hidden.all_triples()))
    if not len(held_out) or request.pairs == "all":
        return None
    anything = replace(request, relation=None, entity=None)
    rules = anything.rules(hidden)
    try:
        queries = anything.queries(hidden, rules)
    except DataError:  # nothing is blank
        return None
    held_rows = graph.valid[np.isin(graph.fact_keys(graph.valid), held_out)]
    queries, worth = _some(queries, held_rows, len(graph.entities))
    top = TopFacts(max(LEAST_DEPTH, DEPTH * len(held_out)), claims=rules.claims)
    portion = Portion(block_size(len(graph.entities), batch_size), "questions")
    for done in complete(scorer, hidden, queries, top, portion, rules=rules):
        progress("measure", done, len(queries.entity))
    found = top.best()
    if not len(found.key):
        return None
    holds = np.isin(found.key, held_out)
    weight = worth[_answered(_asked(found, graph), held_rows).astype(np.int64)]
    return fit_in_groups(np.exp(found.log_plausibility), holds, TOGETHER, weight)


def _asked(found: Facts, graph: KnowledgeGraph) -> Queries:
    """Return the questions that found facts answer."""
    pair, tails = np.divmod(found.key, len(graph.entities))
    heads, relation = np.divmod(pair, len(graph.relations))
    entity = np.where(found.asked_head, tails, heads)
    return Queries(*map(torch.from_numpy, (entity, relation, found.asked_head)))


def _some(queries: Queries, held_out: Triples, entities: int) -> tuple[Queries, Values]:
    """Return questions with up to `MOST_SCORES` answers, and for how many each of them stands.

    Those that `held_out` facts answer are few and say most: half may be of them. The two numbers
    are those of one without and one with such an answer.
    """
    most = max(2, MOST_SCORES // entities)
    if len(queries.entity) <= most:
        return queries, np.ones(2)
    known = _answered(queries, held_out)
    few = _spread(np.flatnonzero(known), most // 2)
    others = _spread(np.flatnonzero(~known), most - len(few))
    stand_for = (~known).sum() / max(1, len(others)), known.sum() / max(1, len(few))
    return queries.at(torch.from_numpy(np.sort(np.concatenate((few, others))))), np.array(stand_for)


def _answered(queries: Queries, held_out: Triples) -> Flags:
    """Return which questions a held-out fact answers, bool (Q,)."""
    answered: Flags = (find_known(queries, held_out).start.diff() > 0).numpy()
    return answered


def _spread(rows: Numbers, most: int) -> Numbers:
    """Return at most so many of the rows, evenly spread."""
    places = np.linspace(0, len(rows) - 1, min(len(rows), most))
    spread: Numbers = rows[places.astype(np.int64)]
    return spread


def expected_of(
    run: Run, request: Request, batch_size: int | None = None, progress: Progress = silent
) -> Calibration | None:
    """Return what a run's file says of such requests, else measure it and write it.

    A folder that cannot be written to costs a note. See `expected_precision`.
    """
    settings = request.as_settings(run.graph)
    kind = ", ".join(f"{name} {settings[name]}" for name in OF_A_KIND)
    about = {"epoch": run.content["epoch"], "graph": run.graph.triples_sha256}
    curves = _read(run.folder, about)
    if kind not in curves and request.pairs != "all":
        curves[kind] = expected_precision(run.scorer, run.graph, request, batch_size, progress)
        kept = {name: None if curve is None else asdict(curve) for name, curve in curves.items()}
        try:
            run.folder.write_json(run.folder.expected, {**about, "curves": kept})
        except DataError as error:
            log.warning(f"The precision to expect is not kept: {error.problem}")
    return None if request.pairs == "all" else curves[kind]


def _read(folder: RunFolder, about: dict[str, Any]) -> dict[str, Calibration | None]:
    """Return the curves of the file, none where there is none or one about something else."""
    try:
        content = parsed_json(folder.expected.read_text(encoding="utf-8"))
        same = all(content[key] == value for key, value in about.items())
        return {
            kind: None if curve is None else _curve(curve)
            for kind, curve in content["curves"].items()
            if same
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # it is measured again
        return {}


def _curve(kept: dict[str, list[float]]) -> Calibration:
    return Calibration(tuple(map(float, kept["probability"])), tuple(map(float, kept["share"])))
