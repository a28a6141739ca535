"""The runs of a folder in a table: what each is, and how far it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mygo_cli.errors import DataError, MygoError
from mygo_cli.files import parsed_json
from mygo_cli.folders import settings_folder
from mygo_cli.runs.folder import RunFolder
from mygo_cli.runs.rows import Rows


@dataclass(frozen=True)
class ListedRun:
    """A run: `state` is finished, unfinished or damaged; what is not known of it is None.

    `tokens` says how many of each modality are read; `epochs` are done, of `epochs_asked`.
    `valid_mrr` is that of the selected model, or the best so far. `way_on` is the command that goes
    on with an unfinished run, `problem` what is wrong with a damaged one.
    """

    run: str
    graph: str | None
    decoder: str | None
    tokens: str | None
    epochs: int | None
    epochs_asked: int | None
    valid_mrr: float | None
    state: str
    way_on: str | None
    problem: str | None

    SHOWN: ClassVar[Mapping[str, str]] = {
        "run": "run",
        "graph": "graph",
        "decoder": "decoder",
        "tokens": "tokens",
        "epochs": "epochs_done",
        "valid MRR": "valid_mrr",
        "state": "state",
    }

    @property
    def epochs_done(self) -> str | None:
        """Return how many epochs are done, as a table puts it."""
        return None if self.epochs is None else f"{self.epochs} of {self.epochs_asked}"


def list_runs(runs_dir: Path) -> Rows[ListedRun]:
    """Return every folder of `runs_dir` as a row, the one written last first.

    A folder that cannot be read as a run is a row, too, and says why. Raises `DataError` where
    `runs_dir` is no folder that can be read.
    """
    try:
        paths = [path for path in runs_dir.iterdir() if path.is_dir()]
    except FileNotFoundError:
        paths = []
    except OSError as error:
        raise DataError(
            f"{runs_dir} cannot be read: {error.strerror}.", "Name another --runs-dir."
        ) from error
    folders = [RunFolder(path) for path in paths if not path.name.startswith(".")]
    folders.sort(key=lambda run: (run.last_written, run.path), reverse=True)
    return Rows(ListedRun, map(listed, folders))


def listed(folder: RunFolder) -> ListedRun:
    """Return the row of one folder, whatever is in it."""
    try:
        return _read(folder)
    except MygoError as error:
        problem = error.problem
    except OSError as error:
        problem = f"{error.filename or folder.path}: {error.strerror}."
    except (ValueError, LookupError, TypeError, AttributeError):
        problem = "result.json or metrics.jsonl does not hold what mygo writes there."
    return ListedRun(folder.path.name, *(None,) * 6, "damaged", None, problem)


def _read(folder: RunFolder) -> ListedRun:
    """Return the row of a run; raises whatever reading its files raises."""
    if not folder.config.exists():
        raise DataError("There is no config.toml.")
    if folder.result.exists() and not folder.best.exists():
        raise DataError("There is no checkpoints/best.pt.")
    settings, history = folder.settings(), folder.history()
    result = parsed_json(folder.result.read_text(encoding="utf-8")) if folder.finished else None
    tokens = [f"{name} {read.keep}" for name, read in settings.tokens.used.items()]
    return ListedRun(
        run=folder.path.name,
        graph=settings_folder(settings).resolve().name,
        decoder=settings.decoder.name,
        tokens=", ".join(tokens) or "none",
        epochs=_epochs(history, result),
        epochs_asked=settings.training.epochs,
        valid_mrr=_best_so_far(history) if result is None else _measured(result),
        state="unfinished" if result is None else "finished",
        way_on=folder.way_on if result is None else None,
        problem=None,
    )


def _epochs(history: list[dict[str, Any]], result: dict[str, Any] | None) -> int | None:
    """Return how many epochs are done; an imported run has its epoch in the result alone."""
    if history:
        return int(history[-1]["epoch"])
    if result is None:
        return 0
    return None if result["epoch"] is None else int(result["epoch"])


def _measured(result: dict[str, Any]) -> float | None:
    """Return the validation MRR of a result, None where there is no such split."""
    valid = result["splits"].get("valid")
    return None if valid is None else float(valid["overall"]["mrr"])


def _best_so_far(history: list[dict[str, Any]]) -> float | None:
    return max((mrr for row in history if (mrr := row.get("validation_mrr"))), default=None)
