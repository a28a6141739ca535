"""Names that look the same and are not: letters in one piece or two, characters without width."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

# Characters that take no room: soft hyphen, zero-width space, marks of direction, word joiner, byte
# order mark. The zero-width joiners are not among them: they change letters of Persian, and emoji.
UNSEEN = "\u00ad\u200b\u200e\u200f\u2060\ufeff"
BLANKS = "\u00a0\u2007\u202f"  # no line breaks at them, else they are blanks
_SEEN = str.maketrans({**dict.fromkeys(UNSEEN, ""), **dict.fromkeys(BLANKS, " ")})


def look(name: str) -> str:
    """Return what all names that look like this one have in common.

    Accented letters are in one piece (Unicode's form C; a Mac cuts them in two in the names of its
    folders), characters that take no room are left out, and blanks are plain.
    """
    return name if name.isascii() else unicodedata.normalize("NFC", name.translate(_SEEN)).strip()


def loose_look(name: str) -> str:
    """Return what all names have in common that differ in Unicode form, blanks or capitals alone.

    Unicode's form KC: full-width letters are plain, ligatures letters. An underscore is a blank.
    """
    plain = look(unicodedata.normalize("NFKC", name)).casefold()
    return " ".join(plain.replace("_", " ").split()) or name


def spelled_out(name: str) -> str:
    """Return a name with what cannot be seen in it as escapes, such as `Zoe\\u0308`."""

    def hides(letter: str) -> bool:
        return letter in UNSEEN + BLANKS or unicodedata.combining(letter) > 0

    return "".join(f"\\u{ord(letter):04x}" if hides(letter) else letter for letter in name)


def alike(names: Iterable[str], key: Callable[[str], str] = look) -> list[list[str]]:
    """Return the groups of several names with one `key`, in the order of the names."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(key(name), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


@dataclass(frozen=True)
class Spellings:
    """Names to be found by how they look, where they are not found as they are written.

    `names` should be quick to look into, as a set is, or the keys of a dict.
    """

    names: Collection[str]

    def find(self, name: str) -> str | None:
        """Return the name that is written so, else the only one that looks so, else None."""
        return name if name in self.names else self._by_look.get(look(name))

    @cached_property
    def _by_look(self) -> dict[str, str]:
        """The names by their look, without those that look the same."""
        by_look = {look(name): name for name in self.names}
        for group in alike(self.names):
            del by_look[look(group[0])]
        return by_look
