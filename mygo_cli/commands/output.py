"""Where a command's answer goes and in which format: `--output` and `--format` of all commands."""

from __future__ import annotations

import errno
import inspect
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

from mygo_cli import console, records
from mygo_cli.errors import DataError, UsageError
from mygo_cli.streams import data_output

if TYPE_CHECKING:
    from mygo_cli.runs.rows import Rows

Format = Literal["table", "tsv", "csv", "json", "jsonl", "md", "parquet"]
HTML, PNG = (".html", ".htm"), (".png",)  # endings for `check_file`
PANEL = "Output"
STANDARD_OUTPUT = Path("-")

OutputOption = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="File to write, - for the terminal; its ending says the format.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
FormatOption = Annotated[
    Format | None,
    typer.Option(
        "-f",
        "--format",
        metavar="FORMAT",
        help=f"{', '.join(get_args(Format)[:-1])} or {get_args(Format)[-1]}. Default: a table.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
# As options were called before there was --format.
JsonOption = Annotated[bool, typer.Option("--json", hidden=True)]
CsvOption = Annotated[bool, typer.Option("--csv", hidden=True)]
TsvOption = Annotated[bool, typer.Option("--tsv", hidden=True)]


@dataclass(frozen=True)
class Output:
    """Where an answer goes: into the file at `path`, None for stdout, in a `format`.

    With `reports_json` the line about a file that was written is JSON.
    """

    path: Path | None = None
    format: Format = "table"
    reports_json: bool = False

    def give(
        self,
        show: Callable[[], None],
        value: Any = None,
        rows: Iterable[Mapping[str, Any]] | None = None,
        columns: records.Columns | None = None,
        done: tuple[str, Mapping[str, Any]] = ("written", {}),
    ) -> None:
        """Write an answer, once it is whole; a file is said to be `done`, in words and as JSON.

        `show` prints it for people, `value` is what JSON holds of it, by default all `rows`. Those
        stand in the other formats, by default the value itself, with `columns` or those that the
        rows have. Raises `DataError` where a file cannot be written.
        """
        if console.stdout().quiet:  # another process of the same job gives the answer
            return
        kind = next((each for each in records.FORMATS if each == self.format), None)
        if kind is not None:
            self._write_rows(kind, value if rows is None else rows, columns)
        elif self.format == "json":
            listed = value if value is not None or rows is None else list(rows)
            self._print(lambda: console.print_json(listed))
        else:
            self._print(show)
        if self.path is not None:
            words, numbers = done
            if self.reports_json:
                console.print_json({"output": str(self.path), **numbers})
            else:
                console.result(f"{self.path}: {words}")

    def give_rows(self, *found: Rows[Any], show: Callable[[], None] | None = None) -> None:
        """Write rows of one kind, with all their fields, those of several tables as one.

        For people a table has the columns that are shown, unless they get what `show` prints.
        """
        from mygo_cli.runs.rows import columns

        def tables() -> None:
            for each in found:
                console.table(each.headers, each.cells(), title=each.title or None)

        rows = [row for each in found for row in each.records()]
        done = (f"{len(rows):,} rows", {"rows": len(rows)})
        self.give(show or tables, None, rows, columns(found[0].kind), done)

    def _print(self, show: Callable[[], None]) -> None:
        """Let `show` print into the file, or on stdout."""
        layout: console.Layout | None = None
        if self.path is not None or self.format == "md":
            layout = "markdown" if self.format == "md" else "columns"
        with console.laid_out(layout, self.path):
            show()

    def _write_rows(
        self, kind: records.Format, found: Any, columns: records.Columns | None
    ) -> None:
        rows: Iterable[Mapping[str, Any]] = [found] if isinstance(found, dict) else found
        if columns is None:
            rows = list(rows) if kind == "jsonl" else [_flat(row) for row in rows]
            columns = _columns(rows)
            rows = [{name: row.get(name) for name in columns} for row in rows]
        if self.path is not None:
            records.save_rows(self.path, kind, columns, rows)
        elif kind == "parquet":
            records.write_parquet(data_output().buffer, columns, rows)
        else:
            records.write_rows(data_output(), kind, columns, rows)


TERMINAL = Output()


def _flat(row: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return a record with a name for each plain value in it: those within others after a dot."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{above}{key}.")
        else:
            whole = isinstance(value, (list, tuple))
            flat[above + key] = json.dumps(value, ensure_ascii=False) if whole else value
    return flat


def _columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, type]:
    """Return name and type of everything that rows hold, in the order in which it comes up."""
    kinds: dict[str, set[type]] = {}
    for row in rows:
        for name, value in row.items():
            kinds.setdefault(name, set()).update({type(value)} - {type(None)})
    return {
        name: found.pop() if len(found) == 1 else float if found == {int, float} else str
        for name, found in kinds.items()
    }


def asked_output(
    path: Path | None, kind: Format | None, as_json: bool, as_csv: bool, as_tsv: bool
) -> Output:
    """Return where to write and how; raise before anything is computed where that cannot be.

    `UsageError` for two formats, an ending that says none and a folder, `DataError` for a file in
    a folder that there is not, `MygoError` for Parquet without its package.
    """
    file = None if path in (None, STANDARD_OUTPUT) else path
    old: dict[Format, bool] = {"json": as_json and file is None, "csv": as_csv, "tsv": as_tsv}
    named = [*(name for name, given in old.items() if given), *([kind] if kind else [])]
    if len(named) > 1:
        flags = [f"--{name}" for name in named]
        flags[-1] = f"--format {kind}" if kind else flags[-1]
        raise UsageError(f"{flags[0]} and {flags[1]} exclude each other.", "Leave one out.")
    chosen = named[0] if named else None
    if file is None:
        if chosen == "parquet" and path is None:
            raise UsageError("--format parquet needs a file.", "Name one with --output.")
        return Output(None, chosen or "table")
    check_file(file)
    found = chosen or _format_of(file)
    if found == "parquet":
        records.format_of(file, "parquet")
    return Output(file, found, as_json)


def check_file(file: Path | None, flag: str = "--output", endings: Sequence[str] = ()) -> None:
    """Raise before anything is computed where no file can be written, if one is to be written.

    `UsageError` for a folder and for none of the `endings`, if there are any, `DataError` where its
    folder is missing or closed.
    """
    if file is None:
        return
    if endings and (file.is_file() or not file.exists()) and file.suffix.lower() not in endings:
        raise UsageError(f"{flag} {file}: not {endings[0][1:]}.", f"End it in {endings[0]}.")
    if file.is_dir():
        raise UsageError(f"{flag} {file} is a folder.", "Name a file in it.")
    if not file.parent.is_dir():
        raise DataError(
            f"{file} cannot be written: there is no folder {file.parent}.", "Make it first."
        )
    if not os.access(file.parent, os.W_OK) and not file.exists():
        raise DataError(f"{file} cannot be written: {os.strerror(errno.EACCES)}.")


def _format_of(file: Path) -> Format:
    """Return the format that the ending of a file says."""
    ending = file.suffix.lower().removeprefix(".")
    found: Format | None = next((each for each in get_args(Format)[1:] if each == ending), None)
    if found is None:
        raise UsageError(
            f"{file} does not say its format.",
            "End it in .tsv, .csv, .json, .jsonl, .md or .parquet, or name one with --format.",
        )
    return found


OPTIONS: Mapping[str, tuple[Any, Any]] = {
    "output": (OutputOption, None),
    "output_format": (FormatOption, None),
    "as_json": (JsonOption, False),
    "as_csv": (CsvOption, False),
    "as_tsv": (TsvOption, False),
}


def with_output_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command whose parameter `out`, an `Output`, is given by options.

    One without such a parameter is returned as it is. Where --output is an option of its own, a
    folder say, the format is that of what is printed.
    """
    signature = inspect.signature(command, eval_str=True)
    if not any(each.annotation is Output for each in signature.parameters.values()):
        return command
    own = dict(signature.parameters)
    del own["out"]
    added = [name for name in OPTIONS if name not in own]

    @wraps(command)
    def with_options(**values: Any) -> None:
        asked = {name: values.pop(name) for name in added}
        path = asked.pop("output", None)
        command(**values, out=asked_output(path, *asked.values()))

    parameters = list(own.values())
    for name in added:
        annotation, default = OPTIONS[name]
        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters.append(inspect.Parameter(name, keyword, default=default, annotation=annotation))
    with_options.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {each.name: each.annotation for each in parameters}
    return with_options
