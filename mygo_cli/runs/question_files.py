"""Files of questions: about entities of the graph, or about others by their pictures and texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mygo_cli.errors import MygoError, UsageError
from mygo_cli.files import expanded
from mygo_cli.graph.header import HEAD_IMAGE, HEAD_TEXT, RELATION, TAIL_IMAGE, TAIL_TEXT, word
from mygo_cli.graph.picture_files import in_natural_order, is_picture
from mygo_cli.graph.rows import Layout, first_row_in, rows_in, stop
from mygo_cli.graph.text_files import STANDARD_INPUT, FileFault
from mygo_cli.ranking.named_rows import questions_in, text_of
from mygo_cli.runs.rows import Rows
from mygo_cli.runs.unseen import Unseen, answers_about

if TYPE_CHECKING:
    from mygo_cli.runs.run import Run

DESCRIBED = Layout(
    "questions",
    "Write one a line below the header.",
    ("relation", "head_image", "head_text", "tail_image", "tail_text", "name"),
    least=2,
    filled=1,
    header=(RELATION, HEAD_IMAGE, HEAD_TEXT, TAIL_IMAGE, TAIL_TEXT, frozenset({"name"})),
)
DESCRIBING = HEAD_IMAGE | HEAD_TEXT | TAIL_IMAGE | TAIL_TEXT
COLUMNS = "relation, head_image and head_text, or tail_image and tail_text, and name"


@dataclass(frozen=True)
class Described:
    """A line that describes an entity: the head where `asks_head` is false, else the tail."""

    line: int
    entity: Unseen
    relation: int
    asks_head: bool


def rank_file(run: Run, path: Path, top: int = 10, hide_known: bool = False) -> list[Rows[Any]]:
    """Return the `top` answers to each question of a file: see `Run.rank`.

    A header with `head_image`, `head_text`, `tail_image` or `tail_text` makes it a file about
    entities that the graph has not. Raises `DataError` with the line of the first that is no
    question, names what is not there, or describes what the run cannot read.
    """
    text = text_of(path)
    first = first_row_in(path, text, DESCRIBED)
    if first is None or not {word(cell) for cell in first[1]} & DESCRIBING:
        return list(run.rank_all(questions_in(path, text, run.graph), top, hide_known))
    if DESCRIBED.order(first[1]) is None:
        raise FileFault(
            path, first[0], "not a header of descriptions.", f"Its columns are {COLUMNS}."
        )
    return list(_answered(run, path, _described(run, path, text), top))


def _described(run: Run, path: Path, text: str) -> list[Described]:
    """Return the questions of a file; no picture is decoded, but each is there."""
    found = []
    for line, cells in rows_in(path, text, DESCRIBED, stop):
        relation, *told, name = cells
        sides = [each for each in (told[:2], told[2:]) if any(each)]
        if len(sides) != 1:
            count = "both sides are" if sides else "no side is"
            way_out = "Describe the head or the tail: the other one is asked for."
            raise FileFault(path, line, f"{count} described.", way_out)
        ((image, description),) = sides
        try:
            row = run.graph.find_relation(relation)
            images = pictures_of(path, image) if image else []
        except UsageError as error:
            raise FileFault(path, line, error.problem, error.way_out) from error
        entity = Unseen(images, description or None, name or f"line {line}")
        found.append(Described(line, entity, row, asks_head=not any(told[:2])))
    return found


def pictures_of(path: Path, named: str) -> list[Path]:
    """Return the picture that a file of questions names, or all those of a folder it names.

    Looked for from where that file lies. Raises `UsageError` where there is none.
    """
    place = expanded(Path(named))
    if path != STANDARD_INPUT:
        place = path.parent / place
    if place.is_dir():
        names = in_natural_order(each.name for each in place.iterdir() if not each.is_dir())
        if pictures := [place / name for name in names if is_picture(place / name)]:
            return pictures
        raise UsageError(f"no picture lies in the folder {place}.", "Put one there.")
    if not place.is_file():
        raise UsageError(
            f"there is no picture {place}.",
            "Name a picture or a folder of them, from where the file of questions lies.",
        )
    return [place]


def _answered(run: Run, path: Path, asked: list[Described], top: int) -> Iterator[Rows[Any]]:
    """Yield the answers to each question. An entity that is described again is read once."""
    from mygo_cli.runs.unseen_reading import scorer_with

    told, scorer = None, None
    for each in asked:
        if scorer is None or told != (each.entity.images, each.entity.text):
            try:
                scorer = scorer_with(run, each.entity)
            except MygoError as error:
                raise FileFault(path, each.line, error.problem, error.way_out) from error
            told = each.entity.images, each.entity.text
        yield answers_about(each.entity.name, scorer, run.graph, each.relation, each.asks_head, top)
