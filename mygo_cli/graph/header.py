"""Header lines: the words that may head each column, and the order of columns that they say."""

from __future__ import annotations

from collections.abc import Sequence

Words = frozenset[str]  # as `word` writes them
Order = list[int | None]  # which cell of a line belongs to each column

HEAD: Words = frozenset(
    {"head", "h", "subject", "subj", "s", "source", "src", "from", "start", "head_entity"}
)
RELATION: Words = frozenset(
    {"relation", "rel", "r", "predicate", "pred", "p", "property", "relationship"}
    | {"edge", "metaedge", "link", "interaction", "type", "relation_type", "edge_type", "label"}
)
TAIL: Words = frozenset(
    {"tail", "t", "object", "obj", "o", "target", "dst", "to", "end", "tail_entity"}
)
ENTITY: Words = frozenset({"entity", "id", "node"})
NAME: Words = frozenset({"name", "label", "display_name", "entity_name", "title"})
KIND: Words = frozenset({"kind", "type", "class", "category"})
TEXT: Words = frozenset({"text", "description", "descriptions", "desc"})
# What is told of an entity that a graph has not, in a file of questions.
HEAD_IMAGE: Words = frozenset({"head_image", "head_images", "head_picture", "head_pictures"})
HEAD_TEXT: Words = frozenset({"head_text", "head_description"})
TAIL_IMAGE: Words = frozenset({"tail_image", "tail_images", "tail_picture", "tail_pictures"})
TAIL_TEXT: Words = frozenset({"tail_text", "tail_description"})

# What no fact is called but one about headers: nobody needs to be asked what it is.
PLAIN = ("head", "relation", "tail")


def word(cell: str) -> str:
    """Return a cell as the sets of words have it: `Head ID`, `#head` and `:HEAD_ID` are `head`."""
    plain = cell.lower().lstrip("#:").strip().replace(" ", "_").replace("-", "_")
    return plain.removesuffix("_id")


def header_order(
    cells: Sequence[str], header: Sequence[Words], least: int, filled: int
) -> Order | None:
    """Return which cell belongs to each column if these cells are a header, else None.

    Every cell must be a word of another column. `least` is how many cells a line must have, and
    the first `filled` columns must all be headed.
    """
    words = [word(cell) for cell in cells]
    order: Order = [
        next((place for place, each in enumerate(words) if each in accepted), None)
        for accepted in header
    ]
    named = {place for place in order if place is not None}
    is_header = len(named) == len(words) >= least and None not in order[:filled]
    return order if is_header else None


def is_plain(cells: Sequence[str]) -> bool:
    """Say whether a line is `head`, `relation`, `tail` in any order, which is always a header."""
    return sorted(map(word, cells)) == sorted(PLAIN)


def heads_a_column(cells: Sequence[str], header: Sequence[Words]) -> bool:
    """Say whether at least one cell is a word that may head the column it stands in."""
    return any(word(cell) in accepted for cell, accepted in zip(cells, header, strict=False))
