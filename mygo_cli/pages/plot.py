"""The curves of several runs in one picture: loss and MRR over the epochs, drawn by matplotlib."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from mygo_cli.errors import MygoError, UsageError
from mygo_cli.pages.run_page import LOOKS, LOSSES, over_epochs

FORMATS = (".png", ".svg")
WIDTH, HEIGHT = 8.4, 3.4  # inches
DOTS = 160  # of an inch of PNG
# Okabe and Ito's colours, which people tell apart whatever colours they see.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "svg.fonttype": "none",  # letters stay letters, to be searched and edited
    "svg.hashsalt": "mygo",  # the same curves are the same file
}

Histories = Mapping[str, Sequence[Mapping[str, Any]]]


def format_of(path: Path) -> str:
    """Return png or svg; raise `UsageError` for a file of another ending."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path} does not say its format.", "End it in .png or .svg.")
    return path.suffix.lower().removeprefix(".")


def matplotlib_here() -> Any:
    """Return matplotlib; raise `MygoError` where it is not installed."""
    try:
        importlib.import_module("matplotlib.figure")
        return importlib.import_module("matplotlib")
    except ImportError as error:
        raise MygoError(
            "Drawing needs the package matplotlib, which is not installed.",
            "pip install 'mygo-kg[plot]'",
        ) from error


def draw_curves(histories: Histories, file: BinaryIO, picture_format: str) -> None:
    """Draw the lines of `metrics.jsonl` of runs, by their names, into a PNG or SVG.

    Loss is on the left, on the right the MRR of the split that chose the epoch. Each run has a
    colour; a dashed line, or a hollow dot, is the contrastive loss. Raises `MygoError` without
    matplotlib.
    """
    matplotlib = matplotlib_here()
    with matplotlib.rc_context(STYLE | {"font.family": _fonts(histories)}):
        figure = matplotlib.figure.Figure((WIDTH, HEIGHT), layout="constrained")
        left, right = figure.subplots(1, 2)
        handles = [
            _draw(left, right, history, COLOURS[place % len(COLOURS)])
            for place, history in enumerate(histories.values())
        ]
        left.set(xlabel="epoch", ylabel="loss (dashed, hollow: contrastive)")
        right.set(xlabel="epoch", ylabel=_look_names(histories))
        # A name that begins with an underscore would be left out.
        labels = [f" {name}" if name.startswith("_") else name for name in histories]
        legend = figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
        for text in legend.get_texts():
            text.set_parse_math(False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a letter that no font here has is drawn as a box
            # Without a date the same curves are the same file.
            no_date = {"Date": None} if picture_format == "svg" else {}
            figure.savefig(file, format=picture_format, dpi=DOTS, metadata=no_date)


def _fonts(names: Iterable[str]) -> list[str]:
    """Return matplotlib's own font and, where the names need it, one with East Asian letters."""
    manager = importlib.import_module("matplotlib.font_manager")
    found = ["DejaVu Sans"]
    if not all(name.isascii() for name in names):
        # Not those that matplotlib lists: its list is kept from when it first ran.
        there = [path for path in manager.findSystemFonts() if "CJK" in path]
        for path in sorted(there, key=lambda path: "Regular" not in path)[:1]:
            manager.fontManager.addfont(path)
            found.append(manager.get_font(path).family_name)
    return found


def _draw(left: Any, right: Any, history: Sequence[Mapping[str, Any]], colour: str) -> Any:
    """Draw a run's lines and return one that stands for it in the legend."""
    drawn = [  # a line of one point would draw nothing
        axes.plot(
            *zip(*points, strict=True),
            style if len(points) > 1 else "o",
            fillstyle="none" if len(points) == 1 and style == "--" else "full",
            color=colour,
            linewidth=1.4,
            markersize=3,
        )
        for axes, names, styles in ((left, LOSSES, "- --"), (right, LOOKS, "o- o-"))
        for points, style in zip(over_epochs(history, names).values(), styles.split(), strict=False)
    ]
    return drawn[0][0]


def _look_names(histories: Histories) -> str:
    """Return what the MRR of these runs is called, both names where they were chosen apart."""
    found = [name for history in histories.values() for name in over_epochs(history, LOOKS)]
    return " / ".join(dict.fromkeys(found)) or "MRR"
