"""`key=value` options, as `--decoder-option` and its like bring them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from mygo_cli.contracts import setting
from mygo_cli.errors import UsageError
from mygo_cli.settings.fields import from_dict, from_pairs
from mygo_cli.settings.toml import read_toml, to_toml


@dataclass(frozen=True)
class Options:
    count: int = setting(3, "A count.")
    rate: float = setting(0.5, "A rate.")
    on: bool = setting(False, "A switch.")
    most: int | None = setting(8, "At most.")
    kind: Literal["soft", "hard"] = setting("soft", "A kind.")
    norm: Literal[1, 2] = setting(2, "A norm.")
    weights: Path | None = field(default=None)
    name: str = setting("", "A name.")
    sizes: tuple[int, ...] = field(default=(1, 2))

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("count must not be negative.")


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], Options()),
        (["count=7", " rate = 1 "], Options(count=7, rate=1.0)),
        (["rate=1e-3", "on=yes"], Options(rate=0.001, on=True)),
        (["on=False", "most=none"], Options(most=None)),
        (["most=4", "kind=hard", "norm=1"], Options(most=4, kind="hard", norm=1)),
        (["weights=a=b/c.pt", "name=12"], Options(weights=Path("a=b/c.pt"), name="12")),
        (["count=1", "count=2"], Options(count=2)),
    ],
)
def test_pairs(pairs, expected):
    assert from_pairs(Options, pairs, "--option") == expected


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("counts=3", ": unknown setting counts. Did you mean count?"),
        ("count", " count: write it as key=value. Did you mean count?"),
        ("count=3.5", ": count = '3.5' is not a whole number."),
        ("rate=fast", ": rate = 'fast' is not a number."),
        ("on=maybe", ": on = 'maybe' is not true or false."),
        ("most=x", ": most = 'x' is not a whole number."),
        ("kind=warm", ": kind = 'warm' is not one of soft, hard."),
        ("norm=3", ": norm = '3' is not one of 1, 2."),
        ("sizes=1", ": sizes = '1' is not a list."),
        ("count=-1", ": count must not be negative."),
    ],
)
def test_mistakes(pair, message):
    with pytest.raises(UsageError) as caught:
        from_pairs(Options, [pair], "--option")
    assert str(caught.value) == f"--option{message}"


def test_toml_round_trip(tmp_path):
    options = Options(weights=Path("a/b"), most=1, name='a "quoted" \\ é', sizes=(3,))
    path = tmp_path / "options.toml"
    path.write_text(to_toml(options), encoding="utf-8")
    assert from_dict(Options, read_toml(path), str(path)) == options
