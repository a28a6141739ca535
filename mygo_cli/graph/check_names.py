"""Findings in names: columns read as others, numbers as entities, one thing by several names."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mygo_cli.graph.check_splits import first_line
from mygo_cli.graph.files import find_files
from mygo_cli.graph.findings import Finding, counted, reading_again, some, warning
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.looks import alike, look, loose_look, spelled_out
from mygo_cli.graph.rows import TRIPLES, first_row
from mygo_cli.graph.text_files import read_text
from mygo_cli.graph.triples import Numbers

# Relations are said again and again: so few facts each, and so much fewer values elsewhere, are
# those of another column.
LEAST_RELATIONS, FACTS_EACH = 20, 10
FEWER, MUCH_FEWER = 3, 10
ALSO_ENTITIES, ONCE = 0.1, 0.5

# A number or a date, with a unit, a currency or a percent sign: 1,299.00 EUR, -3.5e-2, 2024-05-31.
NUMBER = re.compile(
    r"[$€£¥]?\s?[-+]?\d[\d.,' ]*(e[-+]?\d+)?\s?(%|°?[a-z]{1,3}|[$€£¥])?"
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T][\d:.]+Z?)?",
    re.IGNORECASE,
)
LEAST_NUMBERS, MOSTLY = 5, 0.8


def check_names(graph: KnowledgeGraph) -> Iterator[Finding]:
    """Yield what the names of a graph say against the way it was read."""
    yield from _swapped_columns(graph)
    yield from _numbers(graph)
    for what, names, columns in (
        ("entities", graph.entities, (0, 2)),
        ("relations", graph.relations, (1,)),
    ):
        yield from _look_alikes(graph, what, names, columns)
        yield from _nearly_alike(graph, what, names, columns)


def _swapped_columns(graph: KnowledgeGraph) -> Iterator[Finding]:
    facts, relations = graph.all_triples(), len(graph.relations)
    values = [len(np.unique(facts[:, column])) for column in (0, 2)]
    fewest = 0 if values[0] < values[1] else 2
    least = min(values)
    if relations < max(LEAST_RELATIONS, FEWER * least) or len(facts) >= FACTS_EACH * relations:
        return
    entities = set(graph.entities)
    shared = sum(name in entities for name in graph.relations) / relations
    once = float(np.mean(np.bincount(facts[:, 1], minlength=relations) == 1))
    if relations < MUCH_FEWER * least and shared < ALSO_ENTITIES and once < ONCE:
        return
    columns = _columns(graph)
    head, tail = (1, 2) if fewest == 0 else (0, 1)
    options = [
        *("--head", columns[head]),
        *("--relation", columns[fewest]),
        *("--tail", columns[tail]),
    ]
    message = (
        f"{relations:,} relations in {len(facts):,} facts, {once:.0%} of them used once, and only "
        f"{least:,} {'heads' if fewest == 0 else 'tails'}: the columns look swapped."
    )
    paths = [source.path for source in graph.sources.values()]
    again = reading_again(graph.folder, paths, *options)
    yield warning(paths[0] if paths else graph.folder, None, message, f"If so: {again}")


def _columns(graph: KnowledgeGraph) -> list[str]:
    """Return what the columns that are read as head, relation and tail are called."""
    for source in graph.sources.values():
        _, cells = first_row(source.path, TRIPLES) or (0, [])
        if order := TRIPLES.order(cells):
            return [cells[place] for place in order if place is not None]
    return ["column 1", "column 2", "column 3"]


def _numbers(graph: KnowledgeGraph) -> Iterator[Finding]:
    """Yield the relations whose tails are numbers, where entities are not called by numbers."""
    is_number = np.array([NUMBER.fullmatch(name) is not None for name in graph.entities], bool)
    facts = graph.all_triples()
    if is_number[np.unique(facts[:, 0])].mean() > 1 - MOSTLY:
        return
    found: dict[int, Numbers] = {}
    for relation in np.unique(facts[is_number[facts[:, 2]], 1]).tolist():
        tails = np.unique(facts[facts[:, 1] == relation, 2])
        if is_number[tails].sum() >= LEAST_NUMBERS and is_number[tails].mean() >= MOSTLY:
            found[relation] = tails[is_number[tails]]
    for relation, numbers in found.items():
        name = graph.relations[relation]
        message = (
            f"{counted(len(numbers), 'number')} as entities, tails of {name}: "
            f"{some(graph.entities[number] for number in numbers.tolist())}. "
            "A model learns nothing of their size."
        )
        for split, source in graph.sources.items():
            chosen = graph.split(split)[:, 1] == relation
            if chosen.any():
                line = first_line(graph, split, chosen)
                yield warning(source.path, line, message, _without(source.path, name))
                break
        else:
            yield warning(graph.folder, None, message)


def _without(path: Path, relation: str) -> str:
    """Return the command that takes the lines of a relation out of a file."""
    _, cells = first_row(path, TRIPLES) or (0, [])
    place = (TRIPLES.order(cells) or [0, 1, 2])[1] or 0
    commas = ".csv" in path.suffixes
    if path.suffix == ".gz" or (commas and '"' in read_text(path)):
        return f"Take the rows of {relation} out, or put ranges in place of its numbers."
    name, file = shlex.quote(relation), shlex.quote(str(path))
    between = "," if commas else r"\t"
    return (
        f"Put ranges in place of them, or take them out: awk -F'{between}' -v r={name} "
        f"'${place + 1} != r' {file} > t && mv t {file}"
    )


def _look_alikes(
    graph: KnowledgeGraph, what: str, names: Sequence[str], columns: tuple[int, ...]
) -> Iterator[Finding]:
    """Yield that several names, which stand in `columns` of the triples, look the same."""
    groups = alike(names)
    if groups:
        pairs = some([" and ".join(map(spelled_out, group)) for group in groups])
        message = f"{what} that look the same and are not: {pairs}."
        yield _several_names(graph, message, names.index(groups[0][-1]), columns)


def _nearly_alike(
    graph: KnowledgeGraph, what: str, names: Sequence[str], columns: tuple[int, ...]
) -> Iterator[Finding]:
    """Yield that several names differ in Unicode form, blanks or capitals alone."""
    groups = [group for group in alike(names, loose_look) if len(set(map(look, group))) > 1]
    if groups:
        pairs = some([" and ".join(map(spelled_out, group)) for group in groups])
        number = counted(len(groups), "name is", "names are")
        message = (
            f"{number} written in several ways, by {what} that differ only in Unicode form, "
            f"blanks or capitals: {pairs}."
        )
        yield _several_names(graph, message, names.index(groups[0][-1]), columns)


def _several_names(
    graph: KnowledgeGraph, message: str, row: int, columns: tuple[int, ...]
) -> Finding:
    """Return the finding at the first line of `row`, with the command that makes names one."""
    way_out = "Write each in one way, unless they are meant to be several"
    files = find_files(graph.folder) if graph.sources else None
    if files is not None and files.entities is None and files.descriptions is None:
        paths = [source.path for source in graph.sources.values()]
        way_out += f": {reading_again(graph.folder, paths, '--unify')}"
    else:
        way_out += "."
    for split, source in graph.sources.items():
        chosen = (graph.split(split)[:, columns] == row).any(axis=1)
        if chosen.any():
            return warning(source.path, first_line(graph, split, chosen), message, way_out)
    return warning(graph.folder, None, message, way_out)
