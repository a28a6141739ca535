"""Lists of entity and relation names: one a line, or each with its number."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mygo_cli.errors import DataError
from mygo_cli.graph.findings import some
from mygo_cli.graph.text_files import FileFault, read_text

log = logging.getLogger(__name__)


def is_number(text: str) -> bool:
    """Say whether a text is the number of a name or of lines."""
    return text.isdecimal() and len(text) < 20  # Python refuses to read very long ones


def read_lines(path: Path, keep_tabs: bool = False) -> Iterator[tuple[int, str]]:
    """Yield line number, from 1, and stripped text of each line that is not blank.

    With `keep_tabs` one at an end stays, behind which a cell may be empty.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file.")
    text = read_text(path).replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.strip(" " if keep_tabs else None)


def read_names(path: Path) -> list[str]:
    """Return the names in a file with one a line, in order; raise `DataError` for a repeat."""
    first_line: dict[str, int] = {}
    for number, name in read_lines(path):
        if first_line.setdefault(name, number) != number:
            message = f"{name} stands on line {first_line[name]} already."
            raise FileFault(path, number, message, "Delete one of the two lines.")
    if not first_line:
        raise DataError(f"{path} is empty.", "Copy it again.")
    return list(first_line)


def read_numbered_names(
    path: Path, number_first: bool = False, header: str | None = None
) -> list[str]:
    """Return the names of a file of `name number` lines, or of `number name`, by their number.

    A first line with a number alone says how many follow; a first line `header` is left out.
    Several numbers may share a name: see `told_apart`. Raises `DataError` unless each number from
    0 on stands once.
    """
    names: dict[int, str] = {}
    promised = None
    for line, text in read_lines(path):
        if line == 1 and text == header:
            continue
        parts = text.split(None, 1) if number_first else text.rsplit(None, 1)
        if len(parts) == 1 and not names and promised is None and is_number(text):
            promised = int(text)
            continue
        number, name = (parts[0], parts[-1]) if number_first else (parts[-1], parts[0])
        if len(parts) != 2 or not is_number(number):
            order = "a number and a name" if number_first else "a name and a number"
            raise FileFault(path, line, f"not {order}.", "Put a tab between them.")
        if int(number) in names:
            message = f"the number {int(number)} stands on two lines."
            raise FileFault(path, line, message, "Number the names from 0 on, each once.")
        names[int(number)] = name.strip()
    if not names or promised not in (None, len(names)):
        said = "is empty" if not names else f"says {promised:,} and lists {len(names):,}"
        raise DataError(f"{path} {said}.", "It may be cut off: copy it again.")
    gap = next((place for place in range(len(names)) if place not in names), None)
    if gap is not None:
        raise DataError(f"{path}: no line has the number {gap}.", "Number the names from 0 on.")
    return [names[number] for number in range(len(names))]


def told_apart(names: Sequence[str], path: Path) -> list[str]:
    """Return an id for each name by number: the name, or `Paris#2` where several numbers share it.

    Two numbers are two entities, whatever both are called. Says on stderr that there are such names
    in the file at `path`.
    """
    count = Counter(names)
    ids = [
        name if count[name] == 1 else _with_number(name, number, count)
        for number, name in enumerate(names)
    ]
    own_ids: dict[str, list[str]] = {}
    for own, name in zip(ids, names, strict=True):
        if count[name] > 1:
            own_ids.setdefault(name, []).append(own)
    if own_ids:
        name, first = next(iter(own_ids.items()))
        log.warning(
            f"{path}: numbers that share a name are told apart, such as {name}: {some(first)} "
            f"(such names: {len(own_ids):,})."
        )
    return ids


def _with_number(name: str, number: int, taken: Mapping[str, int]) -> str:
    """Return a name with its number, as no other is called."""
    numbered = f"{name}#{number}"
    while numbered in taken:
        numbered += "#"
    return numbered


def refuse_shared(names: Sequence[str], path: Path) -> list[str]:
    """Return the names; raise `DataError` where two numbers share one."""
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        message = f"{path}: {count:,} numbers are called {name}."
        raise DataError(message, "Give each a name of its own; the numbers stay.")
    return list(names)
