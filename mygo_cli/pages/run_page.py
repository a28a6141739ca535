"""What a run is, what it is worth and what it finds, on one page."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mygo_cli.graph.check import check_graph
from mygo_cli.graph.files import Split
from mygo_cli.graph.findings import Finding
from mygo_cli.graph.relations import relation_classes
from mygo_cli.graph.summary import summarise
from mygo_cli.graph.thumbnails import Thumbnails
from mygo_cli.pages.charts import Chart, chart
from mygo_cli.pages.examples import examples
from mygo_cli.pages.rendering import render
from mygo_cli.progress import Progress, silent
from mygo_cli.ranking.ranks import Metrics, metrics, ranks
from mygo_cli.ranking.report import Report, relation_sides, report
from mygo_cli.ranking.scorer import Part, without
from mygo_cli.runs.calibration import Calibrated
from mygo_cli.runs.facts import Fact
from mygo_cli.runs.run import Run
from mygo_cli.runs.selection import WARNING, is_on_test
from mygo_cli.settings.toml import to_toml

FINDINGS = 12  # problems of a graph that a page has room for
SPLITS: tuple[Split, ...] = ("valid", "test")


@dataclass(frozen=True)
class RelationRow:
    """A relation with the metrics of its two questions, None where a side has no ranks."""

    name: str
    relation_class: str
    both: Metrics
    tail: Metrics | None
    head: Metrics | None


def run_page(run: Run, top: int = 50, progress: Progress = silent) -> str:
    """Return the page of a run as HTML, with the `top` facts that it finds most plausible.

    Ranks the validation and the test split, and asks every question of the graph. Raises
    `MygoError` for a score that is not a finite number.
    """
    graph = run.graph
    splits = [split for split in SPLITS if len(graph.split(split))]
    measured = {split: _measured(run, split, progress) for split in splits}
    last = splits[-1] if splits else "train"
    found = findings(run)
    facts = run.complete(top, progress=progress)
    overall = measured[last][0].overall if splits else None
    return render(
        "run.html",
        title=f"Run {run.name}",
        run=run,
        warning=WARNING if is_on_test(run.selected_by) else None,
        graph=summarise(graph),
        findings=found[:FINDINGS],
        more_findings=len(found[FINDINGS:]),
        check=shlex.join(["mygo", "data", "check", "--data", str(graph.folder)]),
        curves=curves(run.history),
        overall=overall,
        losses=part_losses(run, last, progress) if splits else {},
        reports={split: found for split, (found, _) in measured.items()},
        relations=measured[last][1] if splits else [],
        split=last,
        calibration=run.calibration,
        reliability=reliability_chart(run.calibration),
        examples=examples(run, graph.split(last), Thumbnails(graph)),
        facts=facts,
        holding=holding(facts),
        settings=to_toml(run.settings),
        environment=_environment(run),
        command=shlex.join(["mygo", "train", "--config", str(run.folder.config)]),
    )


def part_losses(run: Run, split: Split, progress: Progress = silent) -> dict[str, Metrics]:
    """Return the metrics of a split without each part that the model reads, by its name."""
    encoder = run.model.entity_encoder
    parts: dict[Part, object] = {
        "structure": encoder.structure,
        "image": encoder.image,
        "text": encoder.text,
    }
    found: dict[str, Metrics] = {}
    for part, module in parts.items():
        if module is not None:
            blind = replace(run, scorer=without(run.single(), part))
            rivals = blind.rivals(run.graph.split(split), None, progress, f"without {part}")
            measured = metrics(ranks(rivals.better, rivals.ties))
            assert measured is not None  # there are triples
            found[part] = measured
    return found


def findings(run: Run) -> list[Finding]:
    """Return what is wrong with the graph that no picture must be opened for, worst first."""
    found = check_graph(run.graph.folder, open_pictures=False)
    return [each for each in found if each.severity != "note"]


def holding(facts: Iterable[Fact]) -> float | None:
    """Return how many of the facts hold, by those held out; None where it is not known of all."""
    shares = [fact.expected for fact in facts]
    known = [share for share in shares if share is not None]
    return sum(known) if shares and len(known) == len(shares) else None


def _measured(run: Run, split: Split, progress: Progress) -> tuple[Report, list[RelationRow]]:
    """Return the metrics of a split, and those of its relations, best first."""
    triples = run.graph.split(split)
    rivals = run.rivals(triples, progress=progress, what=f"rank {split}")
    found = report(rivals, triples, run.graph, run.has_tokens("image"), run.has_tokens("text"))
    assert found is not None  # there are triples
    sides = relation_sides(rivals, triples, run.graph)
    graph = run.graph
    classes = dict(
        zip(graph.relations, relation_classes(graph.train, len(graph.relations)), strict=True)
    )
    rows = [
        RelationRow(name, classes[name], both, *(sides.get((name, side)) for side in SIDES))
        for name, both in found.relations.items()
    ]
    return found, sorted(rows, key=lambda row: -row.both.mrr)


SIDES = ("tail", "head")
# What `metrics.jsonl` holds of an epoch, and what that is called.
LOSSES = {"loss": "loss", "contrastive": "contrastive loss"}
LOOKS = {"validation_mrr": "validation MRR", "test_mrr": "test MRR (selected on test)"}


def curves(history: list[dict[str, Any]]) -> list[Chart]:
    """Return charts of the loss and of the looks at the split that chose, those there are."""
    drawn = (
        chart("Loss", "epoch", over_epochs(history, LOSSES)),
        chart("MRR", "epoch", over_epochs(history, LOOKS)),
    )
    return [each for each in drawn if each is not None]


def over_epochs(
    history: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> dict[str, list[Any]]:
    """Return the points (epoch, value) of each key that has any, by its name."""
    found = {
        name: [(row["epoch"], row[key]) for row in history if row.get(key) is not None]
        for key, name in names.items()
    }
    return {name: points for name, points in found.items() if points}


def reliability_chart(calibration: Calibrated | None) -> Chart | None:
    """Return what held over what was said, of test answers; None where none were measured."""
    if calibration is None or calibration.before is None or calibration.after is None:
        return None
    lines: dict[str, list[tuple[float, float]]] = {
        "probability": [(each.said, each.held) for each in calibration.before.bins],
        "confidence": [(each.said, each.held) for each in calibration.after.bins],
        "what is said holds": [(0.0, 0.0), (1.0, 1.0)],
    }
    return chart("Share that holds", "what was said", lines, (0, 1), (0, 1))


def _environment(run: Run) -> dict[str, str]:
    """Return what the run says of where it was trained, in words; nothing where it does not."""
    known = run.folder.read_environment()
    if not known:
        return {}
    packages = known.pop("packages", {})
    known["command"] = shlex.join(known.get("command", []))
    return {name.replace("_", " "): str(value) for name, value in (known | packages).items()}
