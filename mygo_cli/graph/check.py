"""Everything that `mygo data check` looks for, as a list of findings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mygo_cli.graph.check_headers import check_headers
from mygo_cli.graph.check_media import check_descriptions, check_folders, check_pictures
from mygo_cli.graph.check_names import check_names
from mygo_cli.graph.check_splits import check_splits
from mygo_cli.graph.findings import Finding, of_fault, worst_first
from mygo_cli.graph.knowledge_graph import KnowledgeGraph
from mygo_cli.graph.reading import read_graph
from mygo_cli.graph.text_files import FileFault
from mygo_cli.progress import Progress, silent

MOST_FAULTS = 20


def check_graph(
    folder: Path, open_pictures: bool = True, progress: Progress = silent
) -> list[Finding]:
    """Return what is wrong or worth knowing about a dataset folder, worst first.

    Lines that cannot be read hide everything else: they alone are returned, at most
    `MOST_FAULTS`. With `open_pictures` every picture is decoded. Raises `DataError`
    where there is no dataset.
    """
    faults: list[FileFault] = []
    graph = _read_on(folder, faults)
    if graph is None or faults:
        return [of_fault(fault) for fault in faults] + _more(folder, faults)
    return worst_first(_findings(graph, open_pictures, progress))


def _read_on(folder: Path, faults: list[FileFault]) -> KnowledgeGraph | None:
    """Return the graph and collect the faults of its files; None where reading had to end."""

    def collect(fault: FileFault) -> None:
        faults.append(fault)
        if len(faults) == MOST_FAULTS:
            raise _EnoughError

    try:
        return read_graph(folder, collect)
    except FileFault as fault:
        faults.append(fault)
    except _EnoughError:
        pass
    return None


class _EnoughError(Exception):
    """So many faults that the user has the picture."""


def _more(folder: Path, faults: list[FileFault]) -> list[Finding]:
    if len(faults) < MOST_FAULTS:
        return []
    message = f"reading ended after {MOST_FAULTS} bad lines; there may be more."
    return [Finding("note", str(folder), None, message, "Mend these and check again.")]


def _findings(graph: KnowledgeGraph, open_pictures: bool, progress: Progress) -> Iterator[Finding]:
    yield from check_headers(graph)
    yield from check_names(graph)
    yield from check_splits(graph)
    try:
        yield from check_descriptions(graph)
    except FileFault as fault:
        yield of_fault(fault)
    yield from check_folders(graph)
    if open_pictures:
        yield from check_pictures(graph, progress)
