"""Findings in the triples: repeats, overlap, strangers to train, twin relations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from mygo_cli.graph.files import Split, find_files, misnamed
from mygo_cli.graph.findings import Finding, Severity, counted, note, some, warning
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.leaks import validation_leak
from mygo_cli.graph.relations import Twin, twin_relations
from mygo_cli.graph.triples import Numbers

Chosen = npt.NDArray[np.bool_]
ASKED: tuple[Split, ...] = ("valid", "test")


def check_splits(graph: KnowledgeGraph) -> Iterator[Finding]:
    """Yield what the triples of a graph suffer from."""
    yield from _missing_files(graph)
    for split in graph.sources:
        yield from _repeats(graph, split)
    yield from _validation_leak(graph)
    yield from _test_overlap(graph)
    for split in ASKED:
        yield from _strangers(graph, split)
    yield from _loops(graph)
    yield from _unused_entities(graph)
    yield from _twins(graph)


def _missing_files(graph: KnowledgeGraph) -> Iterator[Finding]:
    if not len(graph.valid):
        way_out = "Train with --holdout 0.05, or with --select last."
        yield note(graph.folder, "no valid file, so no epoch can be selected on one.", way_out)
    if not len(graph.test):
        yield note(graph.folder, "no test file, so there is nothing to evaluate on.")
    renames = misnamed(graph.folder)
    for name, new in renames.items():
        yield warning(graph.folder / name, None, "not read by this name.", f"Rename it to {new}.")
    ignored = [name for name in find_files(graph.folder).ignored if name not in renames]
    if ignored:
        yield note(graph.folder, f"not read: {some(ignored, 8)}.")


def _repeats(graph: KnowledgeGraph, split: Split) -> Iterator[Finding]:
    source = graph.sources[split]
    if source.repeat is not None:
        line, first = source.repeat
        count = source.lines - len(source.line)
        yield warning(
            source.path,
            line,
            f"repeats line {first}; {counted(count, 'line')} of {source.lines:,} in the file "
            f"{'repeats' if count == 1 else 'repeat'} an earlier one.",
            "Each triple counts once; delete the repeats to silence this.",
        )


def _validation_leak(graph: KnowledgeGraph) -> Iterator[Finding]:
    leak = validation_leak(graph)
    if leak.lines_in_train or leak.lines_in_test:
        path = str(graph.sources["valid"].path)
        severity: Severity = "error" if leak.serious else "warning"
        yield Finding(severity, path, None, leak.message, leak.way_out)


def _test_overlap(graph: KnowledgeGraph) -> Iterator[Finding]:
    in_train = np.isin(graph.fact_keys(graph.test), graph.fact_keys(graph.train))
    if in_train.any():
        yield warning(
            graph.sources["test"].path,
            first_line(graph, "test", in_train),
            f"also stands in train (such triples: {int(in_train.sum()):,} of {len(graph.test):,}).",
            "Delete them from one of the two: ranking them measures memory.",
        )


def _strangers(graph: KnowledgeGraph, split: Split) -> Iterator[Finding]:
    """Yield what a split asks about that train never shows."""
    triples = graph.split(split)
    entity_seen = np.isin(triples[:, (0, 2)], graph.train[:, (0, 2)])
    unseen: Chosen = ~np.all(entity_seen, axis=1)
    if unseen.any():
        row = int(np.flatnonzero(unseen)[0])
        entity = graph.entities[triples[row, 2 if entity_seen[row, 0] else 0]]
        way_out = "All that a model knows of it are its pictures and text."
        yield _stranger(graph, split, unseen, f"the entity {entity}", way_out)
    unseen = ~np.isin(triples[:, 1], graph.train[:, 1])
    if unseen.any():
        relation = graph.relations[triples[np.flatnonzero(unseen)[0], 1]]
        way_out = "Move some of its triples into train."
        yield _stranger(graph, split, unseen, f"the relation {relation}", way_out)


def _stranger(
    graph: KnowledgeGraph, split: Split, unseen: Chosen, who: str, way_out: str
) -> Finding:
    return warning(
        graph.sources[split].path,
        first_line(graph, split, unseen),
        f"{who} is not in train (such triples: {int(unseen.sum()):,} of {len(unseen):,}).",
        way_out,
    )


def first_line(graph: KnowledgeGraph, split: Split, chosen: Chosen) -> int:
    """Return the first line of the chosen triples, a mask [T]."""
    return int(graph.sources[split].line[chosen].min())


def _loops(graph: KnowledgeGraph) -> Iterator[Finding]:
    everything = graph.all_triples()
    loops = everything[everything[:, 0] == everything[:, 2]]
    if len(loops):
        head, relation, _ = loops[0].tolist()
        example = f"{graph.entities[head]} {graph.relations[relation]} {graph.entities[head]}"
        message = f"{counted(len(loops), 'triple')} from an entity to itself, such as {example}."
        yield note(graph.folder, message)


def _unused_entities(graph: KnowledgeGraph) -> Iterator[Finding]:
    used = np.unique(graph.all_triples()[:, (0, 2)])
    unused: Numbers = np.setdiff1d(np.arange(len(graph.entities)), used)
    if len(unused):
        names = some(graph.entities[row] for row in unused.tolist())
        message = f"{counted(len(unused), 'entity', 'entities')} in no triple: {names}."
        listed = find_files(graph.folder).entities if graph.sources else None
        out = f"They are answers all the same; if they should not, take them out of {listed}."
        yield note(graph.folder, message, out if listed is not None else "")


def _twins(graph: KnowledgeGraph) -> Iterator[Finding]:
    triples = graph.all_triples()
    for twin in twin_relations(triples, len(graph.relations), len(graph.entities)):
        yield note(graph.folder, _twin_message(graph, twin))


def _twin_message(graph: KnowledgeGraph, twin: Twin) -> str:
    relation, other = graph.relations[twin.relation], graph.relations[twin.other]
    share = f"{100 * twin.share:.0f} % of the {twin.pairs:,} pairs of {relation}"
    if twin.relation == twin.other:
        return f"{share} hold in both directions: the relation is symmetric."
    backwards = ", backwards" if twin.reversed else ""
    return f"{share} are pairs of {other} too{backwards}: a model can copy such an answer."
