"""Terminal output: results go to stdout; progress, notes and errors to stderr."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mygo_cli.files import atomic_write
from mygo_cli.progress import Progress, showing
from mygo_cli.streams import data_output, shown

if TYPE_CHECKING:
    import rich.progress
    from rich.console import Console
    from rich.progress import TaskID
    from rich.table import Table


NUMBER = re.compile(r"[-+]?[\d.,]+%?")
MOST_WHOLE = 40  # characters of a name that a table does not break while other text may break
MOST_TOGETHER = 12  # characters of a name, or of a header's word, that no table breaks


# How tables are set: in columns, as lines of cells between tabs, or as Markdown.
Layout = Literal["columns", "lines", "markdown"]


@dataclass
class _Shown:
    """Whether progress bars are shown, and how tables are set where that was said."""

    no_bars: bool = False
    layout: Layout | None = None


_shown = _Shown()


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
    _shown.no_bars = hidden


def error(text: str) -> None:
    """Say on stderr why a command ends, muted or not. `text` is plain, not markup."""
    stderr().quiet = False
    info(text)


def info(text: str) -> None:
    """Say something that is not a result, on stderr. `text` is plain, not markup."""
    _print_plain(stderr(), text)


def result(text: str = "", style: str | None = None) -> None:
    """Print one line of a result, on stdout. `text` is plain, not markup."""
    _print_plain(stdout(), text, style)


def _print_plain(console: Console, text: str, style: str | None = None) -> None:
    text = shown(text, console.encoding)
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


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
    hidden = _shown.no_bars or not stderr().is_terminal  # a log file needs no bar
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


@contextmanager
def laid_out(layout: Layout | None, path: Path | None = None) -> Iterator[None]:
    """Set tables so, by default as suits stdout, and print results into a file if one is named.

    The file is written at a stroke, as UTF-8. Raises `DataError` where that fails.
    """
    _shown.layout = layout
    try:
        if path is None:
            yield
            return
        with atomic_write(path) as file:
            text = io.TextIOWrapper(file, "utf-8", newline="")
            stdout.cache_clear()  # the console of a terminal would send colours
            with redirect_stdout(text):
                yield
            text.detach()
    finally:
        _shown.layout = None
        if path is not None:
            stdout.cache_clear()


def table(
    headers: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None
) -> None:
    """Print a table on stdout, in a pipe a row a line, with tabs between cells.

    In columns those that hold only numbers are set flush right.
    On a narrow terminal sentences break, then names, and the gaps close. Numbers and the words of
    headers stay whole: what is still too wide is left to the terminal to wrap, and nothing is cut.
    """
    from rich.segment import Segments
    from rich.text import Text

    console = stdout()
    body = [list(row) for row in rows]
    has_width = console.is_terminal or "COLUMNS" in os.environ
    layout = _shown.layout or ("columns" if has_width else "lines")
    if layout != "columns":
        _print_lines(headers, body, title, layout == "markdown")
        return
    texts = [
        [shown(text, console.encoding) for text in (header, *(_cell(row[place]) for row in body))]
        for place, header in enumerate(headers)
    ]
    room = console.width if _shown.layout is None else sys.maxsize  # a file has no width
    grid, gaps = _grid(len(texts), room - sum(_least(text) for text in texts))
    widths = _widths(texts, room - gaps)
    for place, (text, width) in enumerate(zip(texts, widths, strict=True)):
        values = [row[place] for row in body if row[place] is not None]
        numeric = bool(values) and all(isinstance(value, (int, float)) for value in values)
        justify: Literal["left", "right"] = "right" if numeric else "left"
        grid.add_column(Text(text[0]), justify=justify, overflow="fold", width=width)
    for cells in zip(*(text[1:] for text in texts), strict=True):
        grid.add_row(*map(Text, cells))
    if title is not None:
        result(title, "bold")
    # Rich cuts off what is wider than the terminal, unless it is told of a wider one.
    whole = console.options.update(width=sum(widths) + gaps)
    below = "" if grid.show_edge else "\n"  # an edge is a blank line
    console.print(Segments(console.render(grid, whole)), end=below, crop=False)


def _print_lines(
    headers: Sequence[str], body: list[list[object]], title: str | None, markdown: bool
) -> None:
    """Print a line a row: cells between tabs, or a table in Markdown between blank lines."""
    lines = [list(headers), *([_cell(cell, plain=True) for cell in row] for row in body)]
    lines = [[" ".join(cell.split()) for cell in line] for line in lines]
    if title is not None:
        result(f"**{title}**" if markdown else title)
    if not markdown:
        text = "".join("\t".join(line) + "\n" for line in lines)
        if not stdout().quiet:
            stdout().file.write(shown(text, stdout().encoding))  # Rich makes blanks of tabs
            stdout().file.flush()
        return
    lines = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    texts = [f"| {' | '.join(line)} |" for line in lines]
    rule = f"|{'---|' * len(headers)}"
    result("\n".join(["", texts[0], rule, *texts[1:], ""]))


def _grid(columns: int, room: int) -> tuple[Table, int]:
    """Return an empty table and what its gaps take, which is less where there is little `room`."""
    from rich import box
    from rich.table import Table

    wide = 3 * columns + 1  # a blank on both sides of each column, and one between and at the ends
    if wide <= room:
        return Table(box=box.SIMPLE_HEAD), wide
    return Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False), columns - 1


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return how wide each column of texts is, together no wider than `room` if that can be.

    The widest shrinks first: down to its longest word, and only then through words.
    """
    from rich.cells import cell_len

    widths = [max(1, *map(cell_len, column)) for column in columns]
    for most in (MOST_WHOLE, MOST_TOGETHER):
        least = [_least(column, most) for column in columns]
        while sum(widths) > room:
            able = [place for place, width in enumerate(widths) if width > least[place]]
            if not able:
                break
            widths[max(able, key=widths.__getitem__)] -= 1
    return widths


def _least(column: Sequence[str], most: int = MOST_TOGETHER) -> int:
    """Return how wide a column must be for its numbers, and for words of up to `most` letters."""
    from rich.cells import cell_len

    words = [word for text in column for word in text.split()]
    numbers = [cell_len(word) for word in words if NUMBER.fullmatch(word)]
    return max([1, *numbers, *(min(most, cell_len(word)) for word in words)])


def _cell(value: object, plain: bool = False) -> str:
    """Return a table cell: floats with four digits, None as a dash, thousands apart or `plain`."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) and not plain else str(value)


def print_json(value: object) -> None:
    """Print JSON on stdout, in UTF-8, without colours or wrapping, so that it can be piped."""
    if stdout().quiet:
        return
    output = data_output()
    output.write(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")
    output.flush()  # here a reader that has left ends the command quietly; at exit it would not
