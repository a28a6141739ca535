"""What `mygo data check` finds: how bad, where, what, and the way out."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mygo_cli.graph.text_files import FileFault

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One line of `mygo data check`.

    An error stops another command, a warning spoils what it does, a note is for information.
    `file` is a path as the user gave it, `line` counts from 1.
    """

    severity: Severity
    file: str
    line: int | None
    message: str
    way_out: str = ""

    @property
    def text(self) -> str:
        """The finding on one line, without its severity."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.message} {self.way_out}".rstrip()


def of_fault(fault: FileFault) -> Finding:
    """Return the error finding of a fault that a reader met."""
    return Finding("error", str(fault.file), fault.line, fault.message, fault.way_out)


def warning(file: Path, line: int | None, message: str, way_out: str = "") -> Finding:
    """Return a finding that spoils results."""
    return Finding("warning", str(file), line, message, way_out)


def note(file: Path, message: str, way_out: str = "") -> Finding:
    """Return a finding for information."""
    return Finding("note", str(file), None, message, way_out)


def reading_again(folder: Path, tables: Sequence[Path], *options: str) -> str:
    """Return the command that makes a new graph of a folder's tables, with `options`."""
    pictures = ("--images", str(folder / "images")) if (folder / "images").is_dir() else ()
    new = f"{folder.resolve().name}-2"
    return shlex.join(["mygo", "init", new, *map(str, tables), *options, *pictures])


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return errors, then warnings, then notes, each in the order found."""
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def some(names: Iterable[str], most: int = 3) -> str:
    """Return the first names of many, as a sentence has them."""
    names = list(names)
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: 1 picture, 2,000 pictures."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
