"""Lists of entity and relation names: one a line, or each with its number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mygo_cli.errors import DataError
from mygo_cli.graph.rows import FileFault, read_text


def is_number(text: str) -> bool:
    """Say whether a text is the number of a name or of lines."""
    return text.isdecimal() and len(text) < 20  # Python refuses to read very long ones


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line number, from 1, and stripped text of each line that is not blank."""
    if not path.is_file():
        raise DataError(f"{path}: no such file.")
    text = read_text(path).replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.strip()


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
    Raises `DataError` unless each number from 0 on stands once.
    """
    names: dict[int, str] = {}
    first_line: dict[str, int] = {}
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
        if first_line.setdefault(name.strip(), line) != line:
            message = f"{name.strip()} stands on line {first_line[name.strip()]} already."
            raise FileFault(path, line, message, "Delete one of the two lines.")
        names[int(number)] = name.strip()
    if not names or promised not in (None, len(names)):
        said = "is empty" if not names else f"says {promised:,} and lists {len(names):,}"
        raise DataError(f"{path} {said}.", "It may be cut off: copy it again.")
    gap = next((place for place in range(len(names)) if place not in names), None)
    if gap is not None:
        raise DataError(f"{path}: no line has the number {gap}.", "Number the names from 0 on.")
    return [names[number] for number in range(len(names))]
