"""Terminal output: results go to stdout; progress, notes and errors to stderr."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from mygo_cli.progress import Progress, showing

if TYPE_CHECKING:
    import rich.progress
    from rich.console import Console
    from rich.progress import TaskID


NUMBERS = re.compile(r"[\d.,]+ (?:±|of) [\d.,]+|[\d.,]+")  # 0.391 ± 0.003, 2 of 3
MOST_WHOLE = 40  # characters of a name that a table does not break while all else fits
WIDEST = 10_000  # columns of a terminal on which any table fits


@dataclass
class _Bars:
    """Whether progress bars are shown."""

    hidden: bool = False


_bars = _Bars()


@cache
def stdout() -> Console:
    """Return the console for results."""
    from rich.console import Console

    return Console()


@cache
def stderr() -> Console:
    """Return the console for progress, notes and errors."""
    from rich.console import Console

    return Console(stderr=True)


def mute() -> None:
    """Say nothing from now on but errors: another process of the same job speaks for all."""
    stdout().quiet = stderr().quiet = True


def hide_bars(hidden: bool = True) -> None:
    """Show no progress bar from now on, or show them again."""
    _bars.hidden = hidden


def error(text: str) -> None:
    """Say on stderr why a command ends, muted or not. `text` is plain, not markup."""
    stderr().quiet = False
    info(text)


def info(text: str) -> None:
    """Say something that is not a result, on stderr. `text` is plain, not markup."""
    stderr().print(text, markup=False, highlight=False, soft_wrap=True)


def result(text: str = "") -> None:
    """Print one line of a result, on stdout. `text` is plain, not markup."""
    stdout().print(text, markup=False, highlight=False, soft_wrap=True)


def bar(extra_columns: Sequence[str] = (), transient: bool = False) -> rich.progress.Progress:
    """Return a progress bar on stderr: task, bar, count, `extra_columns` (fields), time left."""
    from rich import progress as rich_progress

    columns: list[rich_progress.ProgressColumn] = [
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(bar_width=24),
        rich_progress.MofNCompleteColumn(),
        *(rich_progress.TextColumn("{task.fields[" + name + "]}") for name in extra_columns),
        rich_progress.TimeRemainingColumn(elapsed_when_finished=True),
    ]
    hidden = _bars.hidden or not stderr().is_terminal  # a log file needs no bar
    return rich_progress.Progress(*columns, console=stderr(), transient=transient, disable=hidden)


@contextmanager
def bars(transient: bool = False) -> Iterator[Progress]:
    """Give a `Progress` that shows a bar for each thing it is told of, on a terminal only."""
    with bar(("speed",), transient) as shown:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=total, speed="")
            speed = shown.tasks[tasks[what]].speed
            text = f"{speed:,.0f}/s" if speed else ""
            shown.update(tasks[what], completed=done, total=total, speed=text)

        with showing(report):
            yield report


class LogLines(logging.Handler):
    """Shows what the modules below the commands log, as plain lines on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        info(self.format(record))


def show_logs(level: int = logging.INFO) -> None:
    """Show what mygo logs from `level` on; without this Python shows warnings only."""
    logger = logging.getLogger("mygo_cli")
    logger.setLevel(level)
    if not any(isinstance(handler, LogLines) for handler in logger.handlers):
        logger.addHandler(LogLines())


def table(
    headers: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None
) -> None:
    """Print a table on stdout; columns that hold only numbers are set flush right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    body = [list(row) for row in rows]
    grid = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for place, header in enumerate(headers):
        cells = [row[place] for row in body if row[place] is not None]
        numeric = bool(cells) and all(isinstance(cell, (int, float)) for cell in cells)
        # Names and numbers stay whole; sentences may break.
        whole = all(" " not in str(cell) and len(str(cell)) <= MOST_WHOLE for cell in cells)
        justify: Literal["left", "right"] = "right" if numeric else "left"
        # A narrow terminal breaks names, never numbers, and a number from its deviation.
        numbers = numeric or (bool(cells) and all(NUMBERS.fullmatch(_cell(x)) for x in cells))
        words = [word for cell in cells for word in _cell(cell).split()]
        least = max(map(len, words)) if numbers else None
        grid.add_column(header, justify=justify, overflow="fold", no_wrap=whole, min_width=least)
    for row in body:
        grid.add_row(*(Text(_cell(cell)) for cell in row))
    anywhere = stdout().options.update(width=WIDEST)
    if stdout().measure(grid, options=anywhere).minimum > stdout().width:
        for column in grid.columns:  # else the terminal's edge would cut off the last numbers
            column.no_wrap = column.no_wrap and column.min_width is not None
    stdout().print(grid)


def _cell(value: object) -> str:
    """Return a table cell: floats with four digits, None as a dash."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def print_json(value: object) -> None:
    """Print JSON on stdout, without colours or wrapping, so that it can be piped."""
    if stdout().quiet:
        return
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
    sys.stdout.flush()  # here a reader that has left ends the command quietly; at exit it would not
