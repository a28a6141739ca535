"""Ways to damage a file: its bytes, words, entries of a checkpoint, parts of a token cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

Random = np.random.Generator
# What readers stumble over: numbers out of range or none, control characters, nests, very long.
HOSTILE = (
    *("", " ", "-1", "0", "1e999", "nan", "-inf", "99999999999999999999", "0x10", "1_000", "true"),
    *("\0", "\x1b[2J", "\u202e", "\ufeff", "\U0001f600"),
    *("../../nowhere/x", "/dev/null", "~", "-", "--", "%s", "{}", "[", "[" * 3000, '{"a":' * 2000),
    *('"', "'", "\\", "\t", "\n", "\r\n", "=", "<", "<http://a", "a" * 70_000, "[[x]]", "e1\te2"),
)


def flip(data: bytes, random: Random) -> bytes:
    """Change one bit."""
    if not data:
        return b"\0"
    changed = bytearray(data)
    changed[random.integers(len(changed))] ^= 1 << random.integers(8)
    return bytes(changed)


def cut(data: bytes, random: Random) -> bytes:
    """Leave out the end."""
    return data[: random.integers(len(data) + 1)]


def leave_out(data: bytes, random: Random) -> bytes:
    """Leave out a piece."""
    first, last = sorted(random.integers(len(data) + 1, size=2))
    return data[:first] + data[last:]


def repeat(data: bytes, random: Random) -> bytes:
    """Write a piece twice."""
    first, last = sorted(random.integers(len(data) + 1, size=2))
    return data[:last] + data[first:]


def insert(data: bytes, random: Random) -> bytes:
    """Put in random bytes."""
    place = int(random.integers(len(data) + 1))
    return data[:place] + random.bytes(int(random.integers(1, 40))) + data[place:]


def reword(data: bytes, random: Random) -> bytes:
    """Put something hostile in the place of a word."""
    text = data.decode("utf-8", "replace")
    marks = [0, *(place for place, mark in enumerate(text) if mark in ' \t\n,;="'), len(text)]
    start = int(random.integers(len(marks) - 1)) if len(marks) > 1 else 0
    hostile = HOSTILE[random.integers(len(HOSTILE))]
    changed = text[: marks[start] + 1] + hostile + text[marks[min(start + 1, len(marks) - 1)] :]
    return changed.encode("utf-8", "replace")


BYTES: tuple[Callable[[bytes, Random], bytes], ...] = (flip, cut, leave_out, repeat, insert)


def damage(path: Path, random: Random) -> str:
    """Damage a file in one of the ways that suit its kind; return which way."""
    kind = path.suffix
    if kind == ".pt" and random.random() < 0.6:
        return damage_checkpoint(path, random)
    if kind == ".h5" and random.random() < 0.6:
        return damage_cache(path, random)
    ways = (
        BYTES if kind in (".pt", ".h5", ".xlsx", ".parquet", ".png") else (*BYTES, reword, reword)
    )
    way = ways[random.integers(len(ways))]
    path.write_bytes(way(path.read_bytes(), random))
    return way.__name__


VALUES: tuple[Any, ...] = (
    *(None, -1, 0, 2**70, 1.5, float("nan"), "x", b"x", [], {}, [1], {"a": 1}, True),
    *(torch.zeros(0), torch.zeros(3, 2), torch.full((4, 8), torch.nan), torch.zeros(2).double()),
)


def damage_checkpoint(path: Path, random: Random) -> str:
    """Put another value in the place of some entry, with a right checksum."""
    content = torch.load(path, weights_only=True)
    inside, keys = content, []
    while isinstance(inside, (dict, list)) and len(inside):
        names = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        keys.append(names[random.integers(len(names))])
        if random.random() < 0.3 or not isinstance(inside[keys[-1]], (dict, list)):
            break
        if not len(inside[keys[-1]]):
            break
        inside = inside[keys[-1]]
    old = inside[keys[-1]]
    choice = int(random.integers(len(VALUES) + 4))
    if isinstance(old, torch.Tensor) and choice >= len(VALUES):
        changes = (old.t() if old.ndim == 2 else old[None], old[:-1] if old.ndim else old + 1)
        inside[keys[-1]] = (*changes, old.half(), old.clone().fill_(2**30))[choice - len(VALUES)]
    elif choice == len(VALUES) and isinstance(inside, dict):
        del inside[keys[-1]]
    else:
        inside[keys[-1]] = VALUES[choice % len(VALUES)]
    torch.save(content, path)
    return "entry " + ".".join(map(str, keys))


def damage_cache(path: Path, random: Random) -> str:
    """Change a number, an attribute or a whole part of a token cache, and no checksum."""
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        name = names[random.integers(len(names))]
        part, choice = file[name], random.random()
        if choice < 0.2:
            where = part if len(part.attrs) and random.random() < 0.5 else file
            attributes = list(where.attrs)
            attribute = attributes[random.integers(len(attributes))]
            values = (-1, 2**40, 1.5, "x", b"\xff", np.arange(3), "")
            where.attrs[attribute] = values[random.integers(len(values))]
            return f"attribute {attribute}"
        if choice < 0.3:
            del file[name]
            return f"without {name}"
        if isinstance(part, h5py.Group) or not part.size:
            return f"nothing of {name}"
        place = tuple(int(random.integers(length)) for length in part.shape)
        if part.dtype.kind in "iuf":
            numbers = (0, 1, 7, 255) if part.dtype.kind == "u" else (-1, 0, 1, 2**31 - 1)
            part[place] = np.array(numbers[random.integers(4)]).astype(part.dtype)
        else:
            part[place] = "other"
        return f"number in {name}"
