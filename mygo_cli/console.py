"""Terminal output: results go to stdout; progress, notes and errors to stderr."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mygo_cli.files import atomic_write
from mygo_cli.progress import Progress, showing
from mygo_cli.streams import data_output, json_text, shown

if TYPE_CHECKING:
    import rich.progress
    from rich.console import Console
    from rich.progress import TaskID


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
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    title: str | None = None,
    bare: bool = False,
) -> None:
    """Print a table on stdout: in columns on a terminal, in a pipe a row a line.

    A `bare` one has no headers on a terminal: each row says what it is.
    """
    from mygo_cli.tables import as_lines, as_markdown

    console = stdout()
    body = [list(row) for row in rows]
    has_width = console.is_terminal or "COLUMNS" in os.environ
    layout = _shown.layout or ("columns" if has_width else "lines")
    if title is not None:
        result(f"**{title}**" if layout == "markdown" else title, "bold")
    if layout == "columns":
        _print_columns(headers, body, bare)
    elif not console.quiet:
        text = (as_markdown if layout == "markdown" else as_lines)(headers, body)
        console.file.write(shown(text, console.encoding))  # Rich makes blanks of tabs
        console.file.flush()


def _print_columns(
    headers: Sequence[str], body: Sequence[Sequence[object]], bare: bool = False
) -> None:
    from rich.segment import Segments

    from mygo_cli.tables import Column, are_numbers, cell_text, in_columns

    console = stdout()
    columns = []
    for place, header in enumerate(headers):
        values = [row[place] for row in body]
        cells = [shown(cell_text(value), console.encoding) for value in values]
        heading = "" if bare else shown(header, console.encoding)
        columns.append(Column(heading, cells, are_numbers(values)))
    room = console.width if _shown.layout is None else sys.maxsize  # a file has no width
    grid, width = in_columns(columns, room)
    if bare:
        grid.show_header = grid.show_edge = False
    # Rich cuts off what is wider than the terminal, unless it is told of a wider one.
    whole = console.options.update(width=width)
    below = "" if grid.show_edge else "\n"  # an edge is a blank line
    console.print(Segments(console.render(grid, whole)), end=below, crop=False)


def print_json(value: object) -> None:
    """Print JSON on stdout, in UTF-8, without colours or wrapping, so that it can be piped."""
    if stdout().quiet:
        return
    output = data_output()
    output.write(json_text(value, indent=2) + "\n")
    output.flush()  # here a reader that has left ends the command quietly; at exit it would not
