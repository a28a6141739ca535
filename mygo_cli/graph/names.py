"""A name that a person typed to the one entity or relation that it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mygo_cli.errors import UsageError, suggest


def find_name(
    what: str, name: str, row_of_id: Mapping[str, int], names: Sequence[str], graph: str
) -> int:
    """Return the row of `name`: an id, else a display name, else either of them folded.

    `names` are aligned with the rows. Raises `UsageError` where nothing or several fit.
    """
    name = name.strip()
    if name in row_of_id:
        return row_of_id[name]
    ids = list(row_of_id)
    found = [row for row, other in enumerate(names) if other == name]
    if not found:
        folded = _folded(name)
        pairs = enumerate(zip(ids, names, strict=True))
        found = [row for row, both in pairs if folded in map(_folded, both)]
    if not found:
        raise UsageError(f"No {what} {name} in {graph}.", suggest(name, _choices(ids, names)))
    if len(found) > 1:
        known_as = ", ".join(ids[row] for row in found[:8])
        raise UsageError(
            f"{name} is the name of {len(found)} {_plural(what)} of {graph}.",
            f"Take one of these ids: {known_as}{', ...' if len(found) > 8 else ''}.",
        )
    return found[0]


def _folded(name: str) -> str:
    return name.casefold().replace("_", " ")


def _choices(ids: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return ids and names without those that only repeat another in other letters."""
    distinct: dict[str, str] = {}
    for choice in (*ids, *names):
        distinct.setdefault(_folded(choice), choice)
    return list(distinct.values())


def _plural(what: str) -> str:
    return what.removesuffix("y") + "ies" if what.endswith("y") else what + "s"
