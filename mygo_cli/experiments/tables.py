"""The table of an experiment as Markdown, CSV and LaTeX, each row with its run folders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mygo_cli import records
from mygo_cli.experiments.outcome import METRICS, SPLITS, Row, Spread
from mygo_cli.files import as_utf8, atomic_write
from mygo_cli.runs.selection import WARNING

DIGITS = 4
TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "[": "{[}",  # after a line break it would be the distance to the next line
}
COLUMNS = [(split, metric) for split in SPLITS for metric in METRICS]


@dataclass(frozen=True)
class Table:
    """An experiment's rows with what stands around them. Run folders lie below `folder`."""

    folder: Path
    title: str
    description: str
    seeds: Sequence[int]
    rows: Sequence[Row]

    def save(self) -> None:
        """Write table.md, table.csv and table.tex; raise `DataError` where that fails."""
        for ending, text in (("md", markdown(self)), ("tex", latex(self))):
            with atomic_write(self.folder / f"table.{ending}") as file:
                file.write(as_utf8(text))
        path = self.folder / "table.csv"
        flat = [plain(row, self.folder) for row in self.rows]
        columns = dict.fromkeys(flat[0], str)
        lines = [{**row, "runs": ";".join(row["runs"])} for row in flat]
        records.save_rows(path, "csv", columns, lines)

    @property
    def caption(self) -> str:
        """Return what the numbers are."""
        seeds = ", ".join(map(str, self.seeds))
        what = f"Mean ± standard deviation over the seeds {seeds}."
        if len(self.seeds) == 1:
            what = f"One run a row, seed {seeds}."
        return f"{what} Filtered ranking of heads and tails, ties counted realistically."

    @property
    def warning(self) -> str:
        """Return what must be known of rows that were selected on test, if there are any."""
        return WARNING if any(row.on_test for row in self.rows) else ""


def plain(row: Row, folder: Path) -> dict[str, Any]:
    """Return a row as plain values, numbers unrounded, run folders relative to `folder`."""
    flat: dict[str, Any] = {
        "variant": row.variant,
        "finished": len(row.runs),
        "wanted": row.wanted,
        "selected_by": row.selected_by,
    }
    for split, metric in COLUMNS:
        flat |= _parts(f"{split}_{metric}", row.metrics.get((split, metric)))
    flat |= _parts("seconds", row.seconds)
    flat["runs"] = [run.path.relative_to(folder).as_posix() for run in row.runs.values()]
    return flat


def _parts(name: str, spread: Spread | None) -> dict[str, float | None]:
    return {
        f"{name}_mean": None if spread is None else spread.mean,
        f"{name}_std": None if spread is None else spread.deviation,
    }


def markdown(table: Table) -> str:
    """Return the table as Markdown; run folders are links, a seed each."""
    headers = ["variant", "epoch by", *(f"{split} {METRICS[name]}" for split, name in COLUMNS)]
    headers += ["seconds", "runs"]
    above = (f"# {table.title}", table.description, table.caption, table.warning)
    lines = [line for text in above if text for line in (text, "")]
    lines += [f"| {' | '.join(headers)} |", "|" + "---|" * len(headers)]
    for row in table.rows:
        links = [
            f"[{seed}]({quote(run.path.relative_to(table.folder).as_posix())})"
            for seed, run in row.runs.items()
        ]
        cells = [row.label, row.selected_by or "-", *_cells(row, " ± "), " ".join(links) or "-"]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def latex(table: Table) -> str:
    """Return the table for LaTeX with booktabs; run folders stand in comments."""
    names = " & ".join(METRICS.values())
    lines = [
        f"% {table.title}: {table.caption}".replace("±", "+-"),
        *([f"% {table.warning}"] if table.warning else []),
        rf"\begin{{tabular}}{{l{'r' * (len(COLUMNS) + 1)}}}",
        r"\toprule",
        rf"& \multicolumn{{{len(METRICS)}}}{{c}}{{test}} "
        rf"& \multicolumn{{{len(METRICS)}}}{{c}}{{validation}} \\",
        rf"variant & {names} & {names} & seconds \\",
        r"\midrule",
    ]
    for row in table.rows:
        cells = [f"${cell}$" if cell != "-" else "--" for cell in _cells(row, r" \pm ")]
        runs = " ".join(run.path.relative_to(table.folder).as_posix() for run in row.runs.values())
        lines.append(rf"{' & '.join([_tex(row.label), *cells])} \\ % {runs}".rstrip(" %"))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _cells(row: Row, between: str) -> list[str]:
    """Return all numbers of a row as text."""
    found = [row.metrics.get(column) for column in COLUMNS]
    cells = ["-" if spread is None else spread.text(DIGITS, between) for spread in found]
    return [*cells, "-" if row.seconds is None else row.seconds.text(0, between)]


def _tex(text: str) -> str:
    """Return text with what LaTeX would take for commands, or print as something else, escaped."""
    return re.sub(r"[\\~^|<>[&%$#_{}]", lambda found: TEX.get(found[0], "\\" + found[0]), text)
