"""How runs, answers and explanations show themselves in a notebook: HTML, every name escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Any

from mygo_cli.graph.thumbnails import Thumbnails, data_uri
from mygo_cli.runs.rows import Rows, text_of

if TYPE_CHECKING:
    from mygo_cli.runs.explained import Explained
    from mygo_cli.runs.explained_drawing import Piece, ReadEntity
    from mygo_cli.runs.run import Run

MOST_ROWS = 100  # that a cell shows
MOST_PICTURES = 120  # in one table, some kB each
MOST_LOSSES = 12
THUMBNAIL = "height:32px;width:32px;object-fit:contain;margin:0 6px 0 0;vertical-align:middle"
PICTURE = "width:256px;max-width:100%;margin:0 8px 8px 0;border-radius:4px;display:inline-block"
# Blue speaks for an answer, orange against it, as on the page of `mygo explain`.
FOR, AGAINST = "10,106,190", "215,75,10"


def rows_html(rows: Rows[Any]) -> str:
    """Return a table with a thumbnail beside each entity that has a picture at hand."""
    pictured = rows.kind.PICTURED if hasattr(rows.kind, "PICTURED") else {}
    thumbnails = None if rows.graph is None else Thumbnails(rows.graph, MOST_PICTURES)
    body = []
    for row, cells in islice(zip(rows, rows.cells(), strict=True), MOST_ROWS):
        shown = []
        for header, cell in zip(rows.headers, cells, strict=True):
            entity = getattr(row, pictured[header]) if header in pictured else None
            picture = thumbnails.of_entity(entity) if thumbnails and entity else None
            image = f'<img alt="" style="{THUMBNAIL}" src="{picture}">' if picture else ""
            shown.append(image + escape(text_of(cell)))
        body.append(_line("td", shown))
    more = len(rows) - len(body)
    rest = f"<p>{more:,} more</p>" if more > 0 else ""
    caption = f"<caption>{escape(rows.title)}</caption>" if rows.title else ""
    head = _line("th", map(escape, rows.headers))
    return f"<table>{caption}<thead>{head}</thead><tbody>{''.join(body)}</tbody></table>{rest}"


def run_html(run: Run) -> str:
    """Return what a run is and what it is worth, as tables."""
    graph = repr(run.graph).strip("<>").removeprefix("KnowledgeGraph ")
    about = (
        {"graph": graph}
        if run.members
        else {
            "graph": graph,
            "decoder": run.settings.decoder.name,
            "reads": ", ".join(run.settings.tokens.used) or "structure alone",
            "selected": f"epoch {run.content['epoch']}, by {run.selected_by}",
            "folder": str(run.folder.path),
        }
    )
    lines = "".join(_line("td", (f"<b>{key}</b>", escape(said))) for key, said in about.items())
    measured = [
        _line("td", (split, *(text_of(values["overall"][name]) for name in names)))
        for split, values in run.folder.read_result().get("splits", {}).items()
        if (names := ("mrr", "hits@1", "hits@3", "hits@10"))
    ]
    head = _line("th", ("split", "MRR", "Hits@1", "Hits@3", "Hits@10"))
    worth = f"<table><thead>{head}</thead><tbody>{''.join(measured)}</tbody></table>"
    table = f"<table><caption>Run {escape(run.name)}</caption><tbody>{lines}</tbody></table>"
    return table + (worth if measured else "")


def explained_html(explained: Explained) -> str:
    """Return an answer's tinted pictures and words, and below the largest changes and the rest."""
    from mygo_cli.runs.explained_drawing import read_entities

    losses = explained.losses
    said = f"<p><b>{escape(losses.title)}</b>: score {explained.score:.3f}, rank {explained.rank}. "
    blue = f'<span style="background:rgba({FOR},.4)">Blue</span>'
    orange = f'<span style="background:rgba({AGAINST},.4)">orange</span>'
    legend = f"{blue} speaks for the answer, {orange} against it.</p>"
    read = "".join(map(_entity, read_entities(explained)))
    tables: tuple[Rows[Any], ...] = losses[:MOST_LOSSES], explained.rivals, explained.near
    return said + legend + read + "".join(map(rows_html, tables))


def _entity(read: ReadEntity) -> str:
    pictures = "".join(
        f'<img alt="{escape(each.key)}" style="{PICTURE}" src="{data_uri(each.picture)}">'
        for each in read.pictures
    )
    text = f"<p>{''.join(map(_piece, read.pieces))}</p>" if read.pieces else ""
    return f"<p><b>{escape(read.name)}</b>, {escape(read.side)}</p><p>{pictures}</p>{text}"


def _piece(piece: Piece) -> str:
    text = escape(piece.text)
    if not piece.share:
        return piece.space + text
    colour = f"rgba({FOR if piece.share < 0 else AGAINST},{0.12 + 0.68 * abs(piece.share):.2f})"
    return f'{piece.space}<span style="background:{colour}">{text}</span>'


def _line(tag: str, cells: Iterable[str] | Sequence[str]) -> str:
    """Return a row of a table; the cells are HTML."""
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"
